"""What is refused before a file becomes a store, and in which words."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from flaghoist_server.store import sqlite_file
from flaghoist_server.store.port import StoreError, StoreReadOnly, TokenRecord
from flaghoist_server.store.sqlite import SqliteStore
from flaghoist_server.store.sqlite_file import (
    FORMAT,
    FileLock,
    check_place,
    open_writer,
    queries,
)


async def refusal(path: Path) -> str:
    """What starting a store there says."""
    store = SqliteStore(path)
    with pytest.raises(StoreError) as caught:
        await store.start()
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_a_missing_directory(tmp_path: Path) -> None:
    """Named, with what to do."""
    path = tmp_path / "none" / "flags.db"

    assert f"directory {path.parent} does not exist: create it or name another path" == (
        await refusal(path)
    )


async def test_a_directory(tmp_path: Path) -> None:
    """It is no file."""
    assert f"{tmp_path} is a directory: name a file in it" == await refusal(tmp_path)


@pytest.mark.parametrize("content", [b"flaghoist: 1\nflags: {}\n" * 50, b"\0" * 5000, b"SQLite"])
async def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    """And it is left as it was."""
    path = tmp_path / "flags.yaml"
    path.write_bytes(content)

    assert f"{path} is not a database: name another file or remove it" == await refusal(path)
    assert content == path.read_bytes()


async def test_another_programs_database(tmp_path: Path) -> None:
    """No table is added to it."""
    path = tmp_path / "music.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE songs (name)")
    connection.close()

    assert f"{path} is another program's database: name another file" == await refusal(path)
    connection = apsw.Connection(str(path))
    assert [("songs",)] == list(connection.execute("SELECT name FROM sqlite_schema"))
    connection.close()


async def test_a_newer_format(tmp_path: Path) -> None:
    """Both versions are named, and nothing is changed."""
    path = tmp_path / "flags.db"
    store = SqliteStore(path)
    await store.start()
    await store.close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", FORMAT + 6)
    connection.close()

    assert (
        f"{path} has format {FORMAT + 6}, written by a newer version; this version knows "
        f"format {FORMAT}: start the newer version, or restore a backup from before the upgrade"
    ) == await refusal(path)


async def test_a_damaged_database(tmp_path: Path) -> None:
    """Found when it is opened or read, and said as that."""
    path = tmp_path / "flags.db"
    store = SqliteStore(path)
    await store.start()
    await store.close()
    content = bytearray(path.read_bytes())
    content[100:4000] = b"\xff" * 3900
    path.write_bytes(content)

    assert f"{path} is damaged" in await refusal(path)


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ("disk / ext4 rw 0 0\nserver:/x {folder} nfs4 rw 0 0\n", "nfs4"),
        ("disk / ext4 rw 0 0\n//server/x {folder} cifs rw 0 0\n", "cifs"),
        ("ssh {folder} fuse.sshfs rw 0 0\ndisk / ext4 rw 0 0\n", "fuse.sshfs"),
    ],
)
def test_a_network_file_system(tmp_path: Path, mounts: str, kind: str) -> None:
    """SQLite's locks and flushes cannot be relied on there."""
    text = mounts.format(folder=str(tmp_path).replace(" ", "\\040"))

    with pytest.raises(StoreError, match=rf"network file system \({kind}\).*local disk"):
        check_place(tmp_path / "flags.db", text)


@pytest.mark.parametrize(
    "mounts",
    [
        "",
        "garbage\n",
        "disk / ext4 rw 0 0\nserver:/x /elsewhere nfs rw 0 0\n",
        "server:/ / nfs rw 0 0\ndisk {folder} ext4 rw 0 0\n",
        "server:/x {folder}-other nfs rw 0 0\n",
    ],
    ids=["unknown", "garbage", "elsewhere", "local inside", "similar name"],
)
def test_a_local_file_system(tmp_path: Path, mounts: str) -> None:
    """The innermost mount decides; what is not known is not refused."""
    check_place(tmp_path / "flags.db", mounts.format(folder=tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="the root user may write everywhere")
async def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    """Its owner and mode are to be looked at."""
    tmp_path.chmod(0o500)

    assert "cannot be written" in await refusal(tmp_path / "flags.db")


async def test_a_disk_that_is_full_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing wrong with the directory's owner."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("flaghoist_server.store.sqlite.FileLock.acquire", full)

    assert "(No space left on device): free space" in await refusal(tmp_path / "flags.db")


async def test_a_read_only_database(tmp_path: Path) -> None:
    """Asked of SQLite itself, as a file of root's own can always be written by root."""
    path = tmp_path / "flags.db"
    open_writer(path).close()
    store = SqliteStore(path)
    await store.start()
    await store._writer.run(lambda connection: connection.pragma("query_only", True))

    with pytest.raises(StoreReadOnly, match="cannot be written: check its owner, mode and mount"):
        await store.put_token(TokenRecord("t", "sdk", "x"))
    await store.close()


def test_migrations_run_once(tmp_path: Path) -> None:
    """Opening again changes nothing."""
    path = tmp_path / "flags.db"
    open_writer(path).close()
    first = path.read_bytes()

    open_writer(path).close()

    assert first == path.read_bytes()


def test_a_migration_is_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails leaves the file as it was, and the next start does all of it."""
    path = tmp_path / "flags.db"
    last = "999-fails.sql"
    sql = tmp_path / "sql"
    shutil.copytree(sqlite_file._SQL, sql)
    (sql / last).write_text("CREATE TABLE half (id TEXT); SELECT * FROM missing;")
    monkeypatch.setattr(sqlite_file, "_SQL", sql)
    with pytest.raises(StoreError, match="missing"):
        open_writer(path)
    assert [] == list(apsw.Connection(str(path)).execute("SELECT name FROM sqlite_schema"))
    monkeypatch.undo()

    connection = open_writer(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    connection.close()
    assert {"entry", "head", "token", "migration"} <= tables


def test_what_an_older_version_has_not_heard_of_does_not_disturb_it(tmp_path: Path) -> None:
    """Expand: a newer version adds tables and columns and lists its migration; the format stays."""
    path = tmp_path / "flags.db"
    connection = open_writer(path)
    connection.execute("ALTER TABLE token ADD COLUMN colour TEXT")
    connection.execute("CREATE TABLE approval (id TEXT PRIMARY KEY)")
    connection.execute("INSERT INTO migration VALUES ('099-of-the-future.sql')")
    connection.close()

    connection = open_writer(path)

    assert FORMAT == connection.pragma("user_version")
    connection.close()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """However it ends: no stale lock keeps a server from starting."""
    path = tmp_path / "flags.db"
    program = (
        "import sys, time, pathlib\n"
        "from flaghoist_server.store.sqlite_file import FileLock\n"
        "lock = FileLock(pathlib.Path(sys.argv[1]))\n"
        "lock.acquire()\n"
        "print('locked', flush=True)\n"
        "time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert "locked\n" == child.stdout.readline()

    with pytest.raises(StoreError, match=rf"process {child.pid}"):
        FileLock(path).acquire()

    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    lock = FileLock(path)
    lock.acquire()
    lock.release()
    lock.release()


def test_every_statement_has_a_name() -> None:
    """And is whole."""
    named = queries()

    assert {"heads", "begin", "move", "entries", "tokens"} <= set(named)
    assert all(statement.rstrip().endswith(";") for statement in named.values())
