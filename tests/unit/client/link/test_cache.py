"""The disk cache: what it gives back is whole and ours, whatever happened to the disk."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from flaghoist.link.cache import GENERATIONS, SETTLED_S, DiskCache
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Full

TOKEN = "fh_sdk_token"


def put(cache: DiskCache, version: int, now: float = 0.0, epoch: str = "e1") -> str:
    """Keep a snapshot of this version."""
    full = encode(Full("production", epoch, version, hash="0"))
    return cache.write(full, ("production", epoch, version), now)


def kept(folder: Path, token: str = TOKEN) -> list[int]:
    """The versions that a next start would find, the newest first."""
    return [full.version for full in DiskCache(str(folder), token).generations()]


def file_of(folder: Path, generation: str) -> Path:
    [path] = folder.glob(f"*.{generation}")
    return path


@pytest.fixture
def full_cache(tmp_path: Path) -> Path:
    """Three generations: 3, 2 and 1."""
    cache = DiskCache(str(tmp_path), TOKEN)
    for version in (1, 2, 3):
        assert "ok" == put(cache, version, now=version * 100.0)
    return tmp_path


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    """Nor does one that is not there."""
    assert [] == kept(tmp_path)
    assert [] == kept(tmp_path / "nowhere")


def test_three_generations_are_kept(full_cache: Path) -> None:
    """Each in a file of its own that nobody else can read."""
    put(DiskCache(str(full_cache), TOKEN), 4)

    assert [4, 3, 2] == kept(full_cache)
    for generation in GENERATIONS:
        assert 0o600 == stat.S_IMODE(file_of(full_cache, generation).stat().st_mode)
    assert [] == list(full_cache.glob("*.new"))


def test_a_run_of_changes_does_not_push_out_what_was_settled(full_cache: Path) -> None:
    """Only what was in use for a minute becomes a generation of its own."""
    cache = DiskCache(str(full_cache), TOKEN)
    for version in range(4, 20):
        put(cache, version, now=1000.0 + version)
    assert [19, 3, 2] == kept(full_cache)

    put(cache, 20, now=1019.0 + SETTLED_S)

    assert [20, 19, 3] == kept(full_cache)


def test_an_older_version_of_the_same_history_is_not_kept(full_cache: Path) -> None:
    """Another process of this machine may have been faster."""
    assert "ok" == put(DiskCache(str(full_cache), TOKEN), 2)

    assert [3, 2, 1] == kept(full_cache)


def test_another_history_is_kept_whatever_its_version(full_cache: Path) -> None:
    """A restored store counts anew."""
    put(DiskCache(str(full_cache), TOKEN), 1, epoch="e2")

    assert [1, 3, 2] == kept(full_cache)


def test_another_token_sees_nothing(full_cache: Path) -> None:
    """It may be one of another environment; they share the folder and nothing else."""
    assert [] == kept(full_cache, "another")
    put(DiskCache(str(full_cache), "another"), 7)

    assert [7] == kept(full_cache, "another")
    assert [3, 2, 1] == kept(full_cache)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "truncated": _truncate,
    "bit-flipped": _flip_a_bit,
    "garbage": lambda path: path.write_bytes(b"\x00\xff" * 500),
    "no-label": lambda path: path.write_bytes(path.read_bytes().partition(b"\n")[2]),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "newer-format": lambda path: path.write_bytes(
        path.read_bytes().replace(b'"flaghoist_cache":1', b'"flaghoist_cache":2')
    ),
    "of-another-token": lambda path: path.write_bytes(
        path.read_bytes().replace(b'"fingerprint":"', b'"fingerprint":"0')
    ),
    "a-folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_is_passed_over(full_cache: Path, damage: Callable[[Path], object]) -> None:
    """The next generation is taken."""
    damage(file_of(full_cache, "current"))

    assert [2, 1] == kept(full_cache)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_if_all_are_damaged_there_is_none(
    full_cache: Path, damage: Callable[[Path], object]
) -> None:
    """Nothing is better than something wrong."""
    for generation in GENERATIONS:
        damage(file_of(full_cache, generation))

    assert [] == kept(full_cache)


def test_a_disk_that_fails_is_a_word_and_no_exception(
    full_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves what was there, and nothing half written."""
    import os

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)

    assert "error: No space left on device" == put(DiskCache(str(full_cache), TOKEN), 4)
    assert [3, 2, 1] == kept(full_cache)
    assert [] == list(full_cache.glob("*.new"))


def test_a_folder_that_cannot_be_made_is_a_word(tmp_path: Path) -> None:
    """Something else stands in its way."""
    (tmp_path / "cache").write_text("")

    assert put(DiskCache(str(tmp_path / "cache"), TOKEN), 1).startswith("error: ")


def test_one_writes_at_a_time(full_cache: Path) -> None:
    """While another process writes, this one leaves it to that."""
    import fcntl

    with next(iter(full_cache.glob("*.lock"))).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        word = put(DiskCache(str(full_cache), TOKEN), 4)

    assert "ok: another process is writing" == word
    assert [3, 2, 1] == kept(full_cache)
