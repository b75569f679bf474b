"""`recover`: what a server still knows goes back into the store, as entries of history."""

from __future__ import annotations

import pytest
from tests.logs import AT, Log
from tests.stores import eventually

from flaghoist_server.change.audit import verify
from flaghoist_server.change.commands import Author
from flaghoist_server.feed.recover import accept_loss, recover
from flaghoist_server.store.port import StoreUnavailable, TokenRecord

ADA = Author("ada", AT, "the disk died")
ON = b'{"default":"on"}'
OFF = b'{"state":"off"}'


@pytest.fixture
async def log(store, feed) -> Log:
    """Two flags and a segment in the store, followed."""
    log = Log()
    await store.begin(log.create(), None)
    await store.append([log.change({"a": ON, "b": ON}, {"s": b"{}"})])
    await feed.start()
    return log


async def test_a_wiped_store_is_filled_again(store, feed, heard, log, new_epoch) -> None:
    """In a new epoch, above the version that was known; tokens come back too."""
    token = TokenRecord("t1", "admin", "hash")
    store.wipe()
    await eventually(lambda: feed.holds)

    (recovered,) = await recover(store, feed, ADA, new_epoch, [token])

    assert ("production", 3, ("a", "b")) == (
        recovered.environment,
        recovered.version,
        recovered.flags,
    )
    state = await store.load("production")
    assert state is not None
    assert {"a": ON, "b": ON} == {key: flag.document for key, flag in state.flags.items()}
    assert {"s": b"{}"} == state.segments
    assert state == feed.environments["production"].state
    assert ("production", 3, []) == heard.calls[-1]
    assert "" == feed.unready_because
    assert [token] == await store.tokens()
    assert [] == verify(await store.read("production", 0), state.head)


async def test_a_store_that_was_made_anew_gets_what_was_known(store, feed, log, new_epoch) -> None:
    """As one more entry on its log."""
    other = Log(epoch="other")
    store.put_log("production", [other.create(), other.change({"c": ON})])
    await eventually(lambda: feed.holds)

    await recover(store, feed, ADA, new_epoch)

    state = await store.load("production")
    assert state is not None
    assert {"a", "b"} == set(state.flags)
    entries = await store.read("production", 0)
    assert ["create", "apply", "restore"] == [entry.kind for entry in entries]
    assert [] == verify(entries, state.head)


async def test_lost_changes_are_made_again(store, feed, log, new_epoch) -> None:
    """Flags that somebody has changed since are left as they are, and named."""
    kill, ramp, segment = (
        log.change({"a": OFF}, kind="kill"),
        log.change({"b": b'{"default":{"on":5,"off":95}}'}),
        log.change({"c": ON}, {"s": None}),
    )
    await store.append([kill, ramp, segment])
    await feed.caught_up("production", 5)
    store.lose_tail("production", 2)
    await eventually(lambda: feed.losses)
    later = Log()
    later.state, later.epoch = feed.environments["production"].state, "new-1"
    await store.append([later.change({"b": OFF})])
    await feed.caught_up("production", later.state.head.version)

    (recovered,) = await recover(store, feed, ADA, new_epoch)

    assert (("a", "c"), ("b",)) == (recovered.flags, recovered.skipped)
    state = await store.load("production")
    assert state is not None
    assert {"a": OFF, "b": OFF, "c": ON} == {k: f.document for k, f in state.flags.items()}
    assert {} == state.segments
    assert {} == feed.losses


async def test_without_a_loss_there_is_nothing_to_do(store, feed, log, new_epoch) -> None:
    """No entry is made."""
    assert [] == await recover(store, feed, ADA, new_epoch)
    assert 2 == len(await store.read("production", 0))


async def test_a_store_that_is_away_stays_as_it_is(store, feed, log, new_epoch) -> None:
    """Nobody knows whether it is empty."""
    store.away = True

    with pytest.raises(StoreUnavailable):
        await recover(store, feed, ADA, new_epoch)


async def test_a_loss_can_be_accepted(store, feed, log) -> None:
    """Whoever made the store anew on purpose says so; what is in it is served."""
    other = Log(epoch="other")
    store.put_log("production", [other.create(), other.change({"c": ON})])
    await eventually(lambda: feed.holds)

    assert ["production"] == await accept_loss(feed)

    assert other.state == feed.environments["production"].state
    assert "" == feed.unready_because


async def test_an_environment_that_is_gone_cannot_be_accepted(store, feed, log) -> None:
    """There is nothing to serve in its place."""
    store.wipe()
    await eventually(lambda: feed.holds)

    assert [] == await accept_loss(feed)

    assert feed.holds
