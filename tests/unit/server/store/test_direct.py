"""Break glass: a kill without a server is a change like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.logs import AT, Log
from tests.stores import FickleStore

from flaghoist_server.change.audit import verify
from flaghoist_server.change.commands import Author, CommandError
from flaghoist_server.store.direct import kill_direct
from flaghoist_server.store.memory import MemoryStore
from flaghoist_server.store.port import Conflict, StoreUnavailable
from flaghoist_server.store.sqlite import SqliteStore

ADA = Author("ada (break glass)", AT, "checkout is down")


async def test_the_flag_is_off_and_history_says_why() -> None:
    """Chained to what was before, with author and reason."""
    store, log = MemoryStore(), Log()
    await store.begin(log.create(), None)
    await store.append([log.change({"a": b'{"default":"on"}'})])

    change, version = await kill_direct(store, "production", "a", ADA)

    assert change is not None
    assert (3, 3, "kill", "checkout is down") == (
        version,
        change.version,
        change.kind,
        change.reason,
    )
    state = await store.load("production")
    assert state is not None
    assert b'{"state":"off","default":"on"}' == state.flags["a"].document
    assert [] == verify(await store.read("production", 0), state.head)


async def test_a_flag_that_is_killed_already_stays_so() -> None:
    """No entry is made; the version tells where it stands."""
    store, log = MemoryStore(), Log()
    await store.begin(log.create(), None)
    await store.append([log.change({"a": b'{"default":"on"}'})])
    await kill_direct(store, "production", "a", ADA)

    assert (None, 3) == await kill_direct(store, "production", "a", ADA)


async def test_names_that_are_not_there_are_refused() -> None:
    """With the nearest that are."""
    store, log = MemoryStore(), Log()
    await store.begin(log.create(), None)
    await store.append([log.change({"new-checkout": b"{}"})])

    with pytest.raises(CommandError, match="did you mean 'production'"):
        await kill_direct(store, "produktion", "new-checkout", ADA)
    with pytest.raises(CommandError, match="did you mean 'new-checkout'"):
        await kill_direct(store, "production", "new-chekout", ADA)


async def test_it_works_beside_a_server_that_hangs(tmp_path: Path) -> None:
    """The server's lock keeps out servers, not this."""
    server, log = SqliteStore(tmp_path / "flags.db"), Log()
    await server.start()
    await server.begin(log.create(), None)
    await server.append([log.change({"a": b'{"default":"on"}'})])
    beside = SqliteStore(tmp_path / "flags.db", exclusive=False)
    await beside.start()

    await kill_direct(beside, "production", "a", ADA)

    state = await server.load("production")
    assert state is not None
    assert state.flags["a"].killed_at
    await beside.close()
    await server.close()


async def test_it_does_not_lose_to_other_writers(monkeypatch) -> None:
    """It decides again on what they have written, and gives up in the end."""
    store, log = FickleStore(), Log()
    await store.begin(log.create(), None)
    await store.append([log.change({"a": b'{"default":"on"}'})])
    append, losses = store.append, [0]

    async def beaten(changes, answer=None):  # type: ignore[no-untyped-def]
        if losses[0] > 0:
            losses[0] -= 1
            await append([log.change({"b": b"%d" % losses[0]})])
        return await append(changes, answer)

    monkeypatch.setattr(store, "append", beaten)
    losses[0] = 5
    change, _ = await kill_direct(store, "production", "a", ADA)
    assert change is not None
    assert 8 == change.version

    async def always(*_: object) -> bool:
        raise Conflict("production", None)

    monkeypatch.setattr(store, "append", always)
    await append([log_after(store, {"a": b'{"default":"on"}'})])
    with pytest.raises(StoreUnavailable, match="others keep writing"):
        await kill_direct(store, "production", "a", ADA)


def log_after(store: FickleStore, flags: dict[str, bytes | None]):  # type: ignore[no-untyped-def]
    from flaghoist_server.change.fold import empty, fold_all

    log = Log()
    log.state = fold_all(empty("production"), store._logs["production"])
    return log.change(flags, kind="on")
