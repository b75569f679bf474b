"""The SQLite store beyond the port: durability, full disks, snapshots, time."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.logs import Log
from tests.stores import eventually

from flaghoist_server.change.audit import verify
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.store.port import (
    IdempotentAnswer,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    TokenRecord,
)
from flaghoist_server.store.sqlite import SNAPSHOT_EVERY, SqliteStore

ON = b'{"default":"on"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.start()
    yield store
    await store.close()


async def grown(store: SqliteStore, entries: int, document: bytes = ON) -> Log:
    """A log of so many entries in the store."""
    log = Log()
    await store.begin(log.create(), None)
    for number in range(entries - 1):
        await store.append([log.change({f"f{number % 5}": document, "n": b"%d" % number})])
    return log


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return list(connection.execute(question))
    finally:
        connection.close()


# The file.


async def test_commits_are_flushed_to_the_disk(store: SqliteStore) -> None:
    """WAL, and a flush for every commit: what is acknowledged survives the power."""
    pragmas = {
        name: await store._writer.run(lambda connection, name=name: connection.pragma(name))
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }

    full = 2
    assert {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    } == pragmas


async def test_the_sqlite_in_use_has_no_wal_reset_bug() -> None:
    """3.7.0 to 3.51.2 can lose commits of a WAL with two connections; ours is newer."""
    assert apsw.sqlite_lib_version() >= "3.51.3"


async def test_the_log_can_be_read_with_any_sqlite(store: SqliteStore, path: Path) -> None:
    """An entry is JSON in a row."""
    log = await grown(store, 3)

    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT version, entry ->> 'hash' FROM entry").fetchall()
    connection.close()

    assert [(change.version, change.hash) for change in log.changes] == rows


async def test_closing_leaves_one_file(store: SqliteStore, path: Path) -> None:
    """The write-ahead log is folded in; only the lock's file stays beside it."""
    await grown(store, 3)

    await store.close()

    assert ["flags.db", "flags.db.lock"] == sorted(file.name for file in path.parent.iterdir())


async def test_a_closed_store_says_so(store: SqliteStore) -> None:
    """Whoever asks it then has made a mistake."""
    await store.close()

    with pytest.raises(StoreUnavailable, match="is not open"):
        await store.heads()


async def test_a_closed_store_can_be_started_again(store: SqliteStore) -> None:
    """With what it had."""
    log = await grown(store, 3)
    await store.close()

    await store.start()

    assert log.state == await store.load("production")


# One server.


async def test_a_second_server_on_the_same_file_is_refused(store: SqliteStore, path: Path) -> None:
    """Naming the process that has it; after that one's end it is free."""
    second = SqliteStore(path)

    with pytest.raises(StoreError, match=rf"in use by another server \(process {os.getpid()}\)"):
        await second.start()

    await store.close()
    await second.start()
    await second.close()


async def test_a_command_may_write_beside_a_server(store: SqliteStore, path: Path) -> None:
    """SQLite's own locks keep the two apart, and the compare-and-set holds between them."""
    log = await grown(store, 2)
    beside = SqliteStore(path, exclusive=False)
    await beside.start()

    await beside.append([log.change({"a": ON})])
    await store.append([log.change({"b": ON})])

    assert log.state == await store.load("production")
    assert log.state == await beside.load("production")
    await beside.close()


# A full disk.


@pytest.fixture
async def small(path: Path) -> AsyncIterator[SqliteStore]:
    """A store whose disk is full after 60 pages."""
    store = SqliteStore(path, max_pages=60)
    await store.start()
    yield store
    await store.close()


async def filled(store: SqliteStore) -> Log:
    """Append until the disk is full; the log has what was acknowledged."""
    log = Log()
    await store.begin(log.create(), None)
    document = b'{"description":"%s"}' % (b"x" * 8000)
    for number in range(100):
        kept = log.state
        try:
            await store.append([log.change({f"f{number}": document})])
        except StoreReadOnly:
            log.changes.pop()
            log.state = kept
            return log
    raise AssertionError("the disk was never full")


async def test_a_full_disk_refuses_writes_in_plain_words(small: SqliteStore) -> None:
    """Everything else goes on: what was acknowledged is there and can be read."""
    log = await filled(small)

    with pytest.raises(StoreReadOnly, match=r"the disk is full .* free space"):
        await small.put_token(TokenRecord("t", "sdk", "x" * 100_000))

    assert log.state == await small.load("production")
    assert log.changes == await small.read("production", 0)
    assert [log.state.head] == await small.heads()


async def test_freed_space_ends_it_without_a_restart(small: SqliteStore) -> None:
    """The next write goes through."""
    log = await filled(small)

    await small._writer.run(lambda connection: connection.pragma("max_page_count", 1000))
    await small.append([log.change({"a": ON})])

    assert log.state == await small.load("production")


async def test_a_full_disk_harms_nothing(small: SqliteStore, path: Path) -> None:
    """After a restart with room the database is sound, and so is the chain."""
    log = await filled(small)
    await small.close()

    assert [("ok",)] == asked(path, "PRAGMA integrity_check")
    again = SqliteStore(path)
    await again.start()
    assert [] == verify(await again.read("production", 0), log.state.head)
    await again.close()


# The file goes.


async def test_a_removed_file_is_not_written_to(store: SqliteStore, path: Path) -> None:
    """What is written to a file without a name is lost: readers are told, with the way out."""
    await grown(store, 3)

    path.unlink()

    with pytest.raises(StoreUnavailable, match="has been removed: put it back, or"):
        await store.heads()


async def test_a_file_that_was_put_in_its_place_is_used(store: SqliteStore, path: Path) -> None:
    """A backup that was moved there is read, and written to."""
    other = SqliteStore(path.with_name("other.db"))
    await other.start()
    log = await grown(other, 4)
    await other.close()
    await grown(store, 2)

    path.with_name("other.db").replace(path)

    assert log.state == await store.load("production")
    await store.append([log.change({"a": ON})])
    assert log.state == await store.load("production")


async def test_a_command_may_be_on_the_new_file_first(store: SqliteStore, path: Path) -> None:
    """What a direct kill wrote to it before the server noticed is not taken away with the old log."""
    other = SqliteStore(path.with_name("other.db"))
    await other.start()
    log = await grown(other, 4)
    await other.close()
    await grown(store, 2)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    path.with_name("other.db").replace(path)

    command = SqliteStore(path, exclusive=False)
    await command.start()
    await command.append([log.change({"a": ON})])

    assert log.state == await store.load("production")
    await store.append([log.change({"a": None})])
    await command.close()
    assert log.state == await store.load("production")


# Snapshots.


async def test_a_snapshot_bounds_the_replay(store: SqliteStore, path: Path) -> None:
    """One is made once the entries weigh as much; the state is the same with and without it."""
    log = await grown(store, SNAPSHOT_EVERY * 2 + 3)
    await eventually(lambda: len(asked(path, "SELECT version FROM snapshot")) == 2)

    base = await store.base("production", log.state.head.version)

    assert base is not None
    assert base.head.version >= SNAPSHOT_EVERY * 2
    assert log.state == await store.load("production")
    await store._writer.run(lambda connection: connection.execute("DELETE FROM snapshot"))
    assert log.state == await store.load("production")


async def test_a_snapshot_waits_until_the_entries_weigh_as_much(
    store: SqliteStore, path: Path
) -> None:
    """A large environment with small changes is not written down again and again."""
    log = await grown(store, SNAPSHOT_EVERY - 1)
    large = {f"large-{number}": b'{"description":"%s"}' % (b"x" * 1000) for number in range(500)}
    await store.append([log.change(large)])
    await eventually(lambda: len(asked(path, "SELECT version FROM snapshot")) == 1)

    for number in range(SNAPSHOT_EVERY):
        await store.append([log.change({"n": b"%d" % number})])
    await store.close()

    assert 1 == len(asked(path, "SELECT version FROM snapshot"))


async def test_closing_waits_for_a_snapshot(path: Path) -> None:
    """It is in the file, or it was never begun."""
    store = SqliteStore(path)
    await store.start()
    await grown(store, SNAPSHOT_EVERY)

    await store.close()

    assert 1 == len(asked(path, "SELECT version FROM snapshot"))


async def test_a_snapshot_and_the_log_are_read_at_one_moment(store: SqliteStore) -> None:
    """Who loads while others append gets a state that the log had."""
    log = await grown(store, 2)
    states = []

    async def load() -> None:
        for _ in range(100):
            state = await store.load("production")
            assert state is not None
            states.append(state)

    async def append() -> None:
        for number in range(100):
            await store.append([log.change({"n": b"%d" % number})])

    await asyncio.gather(load(), append())

    entries = await store.read("production", 0)
    for state in states:
        known = [change for change in entries if change.version <= state.head.version]
        assert state == fold_all(empty("production"), known)


# Time.


async def test_an_answer_is_forgotten_after_a_day(path: Path) -> None:
    """Neither given nor kept."""
    now = 1_000_000.0
    store = SqliteStore(path, clock=lambda: now)
    await store.start()
    await store.append([], IdempotentAnswer("old", "h", b"1"))

    now += 24 * 3600 - 1
    assert await store.remembered("old") is not None
    now += 1
    assert await store.remembered("old") is None
    await store.append([], IdempotentAnswer("new", "h", b"2"))

    await store.close()
    assert [("new",)] == asked(path, "SELECT key FROM answer")


async def test_the_same_key_after_a_day_is_a_new_one(path: Path) -> None:
    """The newer answer takes its place."""
    now = 1_000_000.0
    store = SqliteStore(path, clock=lambda: now)
    await store.start()
    await store.append([], IdempotentAnswer("key", "h1", b"1"))
    now += 24 * 3600

    await store.append([], IdempotentAnswer("key", "h2", b"2"))

    assert IdempotentAnswer("key", "h2", b"2") == await store.remembered("key")
    await store.close()


# Waiting for the disk.


async def test_who_stops_waiting_stops_nothing(store: SqliteStore) -> None:
    """A cancelled request's change is in the log whole, or not at all."""
    log = await grown(store, 2)
    entry = log.change({"a": ON})
    task = asyncio.create_task(store.append([entry]))
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    state = await store.load("production")

    await store._writer.run(lambda _: None)
    state = await store.load("production")
    assert log.state == state


async def test_reading_does_not_wait_for_a_slow_disk(store: SqliteStore) -> None:
    """The writer has a thread of its own."""
    log = await grown(store, 2)
    release = asyncio.Event()
    loop = asyncio.get_running_loop()
    blocked = asyncio.ensure_future(
        store._writer.run(
            lambda _: asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)
        )
    )

    assert [log.state.head] == await store.heads()

    assert not blocked.done()
    release.set()
    await blocked
