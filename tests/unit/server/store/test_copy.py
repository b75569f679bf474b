"""Logs from one store to another: nothing is lost, nothing is rewritten."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from tests.logs import AT, Log
from tests.stores import FickleStore

from flaghoist_server.change.audit import verify
from flaghoist_server.change.commands import Author
from flaghoist_server.change.state import State
from flaghoist_server.store.copy import copy_logs, migrate, restore
from flaghoist_server.store.memory import MemoryStore
from flaghoist_server.store.port import StoreError, TokenRecord
from flaghoist_server.store.sqlite import SqliteStore

ADA = Author("ada", AT, "restored after the fire")
ON = b'{"default":"on"}'
OFF = b'{"state":"off"}'


def epochs():  # type: ignore[no-untyped-def]
    numbers = itertools.count(1)
    return lambda: f"new-{next(numbers)}"


async def filled(store: FickleStore, entries: int = 1200) -> dict[str, Log]:
    """Two environments with long logs, one of them with three epochs, and a token."""
    logs = {"production": Log("production"), "staging": Log("staging")}
    for log in logs.values():
        await store.begin(log.create(), None)
    for number in range(entries):
        await store.append([logs["production"].change({f"f{number % 9}": b"%d" % number})])
    for epoch, version in (("e2", 2000), ("e3", None)):
        before = logs["production"].state.head
        await store.begin(logs["production"].restart(epoch, version), before)
        await store.append([logs["production"].change({"a": ON}, {"s": b"{}"})])
    await store.put_token(TokenRecord("t1", "sdk", "hash", environment="production"))
    return logs


async def same(source: FickleStore, target: MemoryStore | SqliteStore) -> None:
    assert await source.heads() == await target.heads()
    for head in await source.heads():
        name = head.environment
        assert await source.read(name, 0, 10_000) == await target.read(name, 0, 10_000)
        assert await source.load(name) == await target.load(name)


async def test_a_migration_keeps_everything(tmp_path: Path) -> None:
    """Versions, epochs, hashes, history and tokens."""
    source, target = FickleStore(), SqliteStore(tmp_path / "flags.db")
    await filled(source)
    await target.start()

    copied = await migrate(source, target)

    await same(source, target)
    assert [("production", 1205), ("staging", 1)] == [
        (one.head.environment, one.entries) for one in copied
    ]
    assert await source.tokens() == await target.tokens()
    await target.close()


async def test_a_store_that_has_something_is_not_migrated_to() -> None:
    """It would be two histories in one."""
    source, target = FickleStore(), MemoryStore()
    await filled(source, 3)
    await target.begin(Log("other").create(), None)

    with pytest.raises(StoreError, match="already has 'other': name an empty store"):
        await migrate(source, target)


async def test_a_copy_goes_on_where_it_stopped() -> None:
    """Only what is new is written."""
    source, target = FickleStore(), MemoryStore()
    logs = await filled(source, 3)
    await migrate(source, target)
    await source.append([logs["staging"].change({"a": ON})])

    copied = await copy_logs(source, target)

    await same(source, target)
    assert [0, 1] == [one.entries for one in copied]


async def test_a_broken_history_is_not_copied() -> None:
    """The place is named."""
    source = FickleStore()
    logs = await filled(source, 5)
    changes = logs["production"].changes
    source.put_log("production", changes[:3] + changes[4:])

    with pytest.raises(StoreError, match="'production' is broken at version 5"):
        await migrate(source, MemoryStore())


async def test_a_restore_into_an_empty_store_brings_the_history_back() -> None:
    """And begins a new epoch, so that nobody takes it for what was there before."""
    backup, target = FickleStore(), MemoryStore()
    logs = await filled(backup, 3)

    restored = await restore(backup, target, ADA, epochs())

    state = await target.load("production")
    assert state is not None
    assert ("new-1", logs["production"].state.head.version + 1) == (
        state.head.epoch,
        state.head.version,
    )
    assert {k: f.document for k, f in logs["production"].state.flags.items()} == {
        k: f.document for k, f in state.flags.items()
    }
    assert [] == verify(await target.read("production", 0), state.head)
    assert await backup.tokens() == await target.tokens()
    assert ["production", "staging"] == [one.head.environment for one in restored]


async def test_a_restore_is_one_more_entry_of_history() -> None:
    """From what is there to what the backup had, above all versions; nothing is rewritten."""
    store = FickleStore()
    log = Log()
    await store.begin(log.create(), None)
    await store.append([log.change({"a": ON, "b": ON}, {"s": b"1"})])
    backup = MemoryStore()
    await copy_logs(store, backup)
    for number in range(5):
        await store.append([log.change({"a": OFF if number % 2 else None, "c": ON}, {"s": b"2"})])

    await restore(backup, store, ADA, epochs())

    state = await store.load("production")
    assert state is not None
    assert {"a": ON, "b": ON} == {key: flag.document for key, flag in state.flags.items()}
    assert {"s": b"1"} == state.segments
    entries = await store.read("production", 0)
    assert log.changes == entries[:-1]
    assert (8, "restore", "new-1", "restored after the fire") == (
        entries[-1].version,
        entries[-1].kind,
        entries[-1].epoch,
        entries[-1].reason,
    )
    assert "as it was at version 2 of epoch e1" == entries[-1].note
    assert [] == verify(entries, state.head)


async def test_a_restore_does_not_lose_to_those_who_go_on_writing(monkeypatch) -> None:
    """What came between is in history, below the restore."""
    store = FickleStore()
    log = Log()
    await store.begin(log.create(), None)
    backup = MemoryStore()
    await copy_logs(store, backup)
    load = store.load

    async def overtaken(environment: str) -> State | None:
        present = await load(environment)
        if len(log.changes) < 4:
            await store.append([log.change({"a": ON})])
        return present

    monkeypatch.setattr(store, "load", overtaken)

    await restore(backup, store, ADA, epochs())

    entries = await store.read("production", 0)
    assert log.changes == entries[:-1]
    assert (5, "restore") == (entries[-1].version, entries[-1].kind)


async def test_a_restore_leaves_other_environments_and_tokens_alone() -> None:
    """What the backup does not know stays; a token that was revoked since stays revoked."""
    backup, target = FickleStore(), MemoryStore()
    await filled(backup, 3)
    other = Log("other")
    await target.begin(other.create(), None)
    revoked = TokenRecord("t1", "sdk", "hash", environment="production", revoked_at=AT)
    await target.put_token(revoked)

    await restore(backup, target, ADA, epochs())

    assert other.state == await target.load("other")
    assert [revoked] == await target.tokens()
