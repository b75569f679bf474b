"""The mirror: the last known state survives in files that are whole or not there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tests.logs import Log
from tests.stores import eventually

from flaghoist_server.change.state import State
from flaghoist_server.feed.mirror import Mirror


def state(environment: str = "production", document: bytes = b"{}") -> State:
    log = Log(environment)
    log.create()
    log.change({"a": document}, {"s": b"{}"})
    return log.state


async def saved(folder: Path, *states: State, url: str = "redis://one") -> None:
    mirror = Mirror(folder, url)
    for one in states:
        mirror.save(one)
    await mirror.close()


async def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Every environment, as it was last saved."""
    await saved(tmp_path, state("a"), state("b", b'{"default":"off"}'), state("b"))

    assert [state("a"), state("b")] == await Mirror(tmp_path, "redis://one").load()


async def test_it_is_written_soon_by_itself(tmp_path: Path) -> None:
    """Nobody has to close it: a server that is killed has written."""
    mirror = Mirror(tmp_path, "redis://one")

    mirror.save(state())
    await eventually(lambda: list(tmp_path.rglob("*.mirror")))

    assert [state()] == await Mirror(tmp_path, "redis://one").load()
    await mirror.close()


async def test_another_store_has_its_own(tmp_path: Path) -> None:
    """What was known of one store says nothing about another."""
    await saved(tmp_path, state(), url="redis://one")

    assert [] == await Mirror(tmp_path, "redis://two").load()


async def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    """The first start of a server."""
    assert [] == await Mirror(tmp_path / "none", "redis://one").load()


@pytest.mark.parametrize("damage", [b"", b"x" * 40], ids=["empty", "garbage"])
async def test_a_damaged_file_is_left_aside(tmp_path: Path, damage: bytes, caplog) -> None:
    """The others are loaded."""
    await saved(tmp_path, state("a"), state("b"))
    next(tmp_path.rglob("a.mirror")).write_bytes(damage)

    assert [state("b")] == await Mirror(tmp_path, "redis://one").load()
    assert "left aside" in caplog.text


async def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    """The checksum is over all of it."""
    await saved(tmp_path, state())
    path = next(tmp_path.rglob("*.mirror"))
    sound = path.read_bytes()

    for place in range(0, len(sound), 7):
        flipped = bytearray(sound)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        assert [] == await Mirror(tmp_path, "redis://one").load()


async def test_only_the_server_may_read_it(tmp_path: Path) -> None:
    """Flags may hold what is nobody else's business."""
    await saved(tmp_path, state())

    path = next(tmp_path.rglob("*.mirror"))
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


async def test_a_name_with_any_letters_is_a_file_name(tmp_path: Path) -> None:
    """And leads nowhere else."""
    await saved(tmp_path, state("../..%2Fü"))

    assert [state("../..%2Fü")] == await Mirror(tmp_path, "redis://one").load()
    assert 1 == len(list(tmp_path.rglob("*.mirror")))


async def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path, caplog) -> None:
    """It is said, and the server goes on."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    await saved(blocked, state())

    assert "could not be written" in caplog.text
