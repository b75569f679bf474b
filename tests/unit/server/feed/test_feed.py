"""The feed: everything in the log, once and in order; and what it does when the log fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.logs import AT, Log
from tests.stores import FickleStore, eventually

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold_all, head_of
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.mirror import Mirror
from flaghoist_server.store.port import StoreError, StoreUnavailable

ON = b'{"default":"on"}'
OFF = b'{"state":"off"}'


async def stored(store: FickleStore, *flags: dict[str, bytes | None]) -> Log:
    """A log in the store: its first entry, and one for each of `flags`."""
    log = Log()
    await store.begin(log.create(), None)
    for documents in flags:
        await store.append([log.change(documents)])
    return log


# Following.


async def test_it_starts_with_everything_that_the_store_has(store, feed, heard) -> None:
    """Live, and each environment told once without changes."""
    log = await stored(store, {"a": ON}, {"a": OFF})

    await feed.start()

    assert "live" == feed.state
    assert "" == feed.unready_because
    assert log.state == feed.environments["production"].state
    assert [("production", 3, [])] == heard.calls


async def test_it_is_not_ready_before_it_has_read(feed) -> None:
    """A server that knows nothing must get no traffic."""
    assert "starting" == feed.state
    assert "starting: the store has not been read yet" == feed.unready_because


@pytest.mark.parametrize("deaf", [False, True], ids=["with hints", "by polling alone"])
async def test_it_follows_what_others_write(store, feed, heard, deaf: bool) -> None:
    """Every entry once and in order, with hints or without any."""
    store.deaf = deaf
    log = await stored(store, {"a": ON})
    await feed.start()

    for number in range(20):
        await store.append([log.change({"a": ON if number % 2 else OFF})])
    await eventually(lambda: feed.environments["production"].head.version == 22)

    assert list(range(3, 23)) == heard.versions
    assert log.state == feed.environments["production"].state


async def test_a_new_environment_is_told_without_changes(store, feed, heard) -> None:
    """Whoever listens looks at it as a whole."""
    await feed.start()

    await stored(store, {"a": ON})
    await eventually(lambda: "production" in feed.environments)

    assert ("production", []) == (heard.calls[0][0], heard.calls[0][2])


async def test_what_this_server_appended_is_not_read_back(store, feed, heard) -> None:
    """It is told at once, and not again by hint or poll."""
    log = await stored(store)
    await feed.start()
    change = log.change({"a": ON})
    await store.append([change])

    feed.accept([change])

    assert [2] == heard.versions
    await asyncio.sleep(5 * 0.01)
    assert [2] == heard.versions
    assert 0 == store.reads


async def test_a_change_accepted_out_of_turn_is_read_in_its_turn(store, feed, heard) -> None:
    """Others wrote in between: they come first."""
    log = await stored(store)
    await feed.start()
    first, second = log.change({"a": ON}), log.change({"a": OFF})
    await store.append([first, second])

    feed.accept([second])
    await feed.caught_up("production", 3)

    assert [2, 3] == heard.versions


async def test_an_append_that_comes_through_while_it_reads_is_no_loss(
    store, feed, heard, monkeypatch
) -> None:
    """What it reads it has by then: nothing follows, and nothing is missing either."""
    log = await stored(store)
    await feed.start()
    change = log.change({"a": ON})
    read = store.read

    async def meanwhile(*wanted) -> list[Change]:
        page = await read(*wanted)
        feed.accept(page)
        return page

    monkeypatch.setattr(store, "read", meanwhile)

    await store.append([change])
    await feed.look()

    assert "e1" == feed.environments["production"].head.epoch
    assert [2] == heard.versions
    assert {} == feed.losses


async def test_an_answer_that_is_older_than_what_is_known_is_no_loss(store, feed) -> None:
    """A writer was told where the store stood, and the feed has read on since."""
    log = await stored(store)
    await feed.start()
    told = head_of(log.change({"a": ON}))
    await store.append([log.changes[-1], log.change({"a": OFF})])
    await feed.caught_up("production", 3)

    await feed.go_on_to(told)

    head = feed.environments["production"].head
    assert ("e1", 3) == (head.epoch, head.version)
    assert {} == feed.losses


async def test_it_goes_on_to_where_a_writer_was_told_that_the_store_stands(store, feed) -> None:
    """Without asking for every environment."""
    store.deaf = True
    log = await stored(store)
    await feed.start()
    change = log.change({"a": ON})
    await store.append([change])

    await feed.go_on_to(head_of(change))

    assert 2 == feed.environments["production"].head.version


async def test_a_failing_listener_harms_nobody(store, feed, caplog) -> None:
    """The others are told, and the feed goes on."""
    log = await stored(store)
    heard: list[int] = []
    feed.listen(lambda *_: 1 / 0)
    feed.listen(lambda live, _: heard.append(live.head.version))
    await feed.start()

    await store.append([log.change({"a": ON})])
    await eventually(lambda: 2 in heard)

    assert "ZeroDivisionError" in caplog.text


async def test_caught_up_waits_for_a_version(store, feed) -> None:
    """And for an environment that is not there yet."""
    await feed.start()
    waiting = asyncio.create_task(feed.caught_up("production", 3))

    await stored(store, {"a": ON}, {"a": OFF})
    await asyncio.wait_for(waiting, 5)

    assert 3 == feed.environments["production"].head.version


async def test_closing_twice_is_fine(feed) -> None:
    """Started or not."""
    await feed.close()
    await feed.start()
    await feed.close()
    await feed.close()


# The store is away.


async def test_while_the_store_is_away_everything_is_served(store, feed) -> None:
    """From memory, without a limit of time; the feed says since when, and why."""
    log = await stored(store, {"a": ON})
    await feed.start()

    store.away = True
    await eventually(lambda: feed.state == "stale")

    assert ("nobody answers", AT) == (feed.reason, feed.since)
    assert "" == feed.unready_because
    assert log.state == feed.environments["production"].state


async def test_when_the_store_is_back_nobody_has_to_do_anything(store, feed, heard) -> None:
    """What was written meanwhile is read, in order."""
    log = await stored(store)
    await feed.start()
    store.away = True
    await eventually(lambda: feed.state == "stale")
    for documents in ({"a": ON}, {"a": OFF}):
        store._logs["production"].append(log.change(documents))

    store.away = False
    await eventually(lambda: feed.state == "live")

    assert ("", "") == (feed.reason, feed.since)
    assert [2, 3] == heard.versions


async def test_a_store_that_is_away_at_the_start_is_an_error(store, feed) -> None:
    """There is nothing to serve."""
    store.away = True

    with pytest.raises(StoreUnavailable):
        await feed.start()


async def test_what_cannot_be_read_is_no_end_of_the_feed(store, feed, monkeypatch) -> None:
    """A damaged entry makes it stale; when it can be read again it goes on."""
    log = await stored(store)
    await feed.start()
    heads = store.heads

    async def damaged() -> Any:
        raise ValueError("not an entry")

    monkeypatch.setattr(store, "heads", damaged)
    await eventually(lambda: feed.state == "stale")
    assert "not an entry" in feed.reason
    monkeypatch.setattr(store, "heads", heads)
    await store.append([log.change({"a": ON})])
    await eventually(lambda: feed.environments["production"].head.version == 2)

    assert "live" == feed.state


# The store has lost something.


async def test_a_lost_tail_begins_an_epoch_and_is_listed(store, feed, heard, caplog) -> None:
    """On what the store has; the lost entries are at risk, and history says so."""
    log = await stored(store, {"a": ON})
    await feed.start()
    lost = [log.change({"a": OFF}), log.change({"b": ON})]
    await store.append(lost)
    await feed.caught_up("production", 4)
    live = feed.environments["production"]

    store.lose_tail("production", 2)
    await eventually(lambda: feed.losses)

    assert ("new-1", 5) == (live.head.epoch, live.head.version)
    assert {"a": ON} == {key: flag.document for key, flag in live.state.flags.items()}
    assert tuple(lost) == feed.losses["production"].changes
    assert (4, 5) == (feed.losses["production"].had.version, feed.losses["production"].since)
    (entry,) = await store.read("production", 2)
    assert "the store had lost versions 3 to 4 (a, b)" == entry.note
    assert ("production", 5, []) == heard.calls[-1]
    assert "" == feed.unready_because
    assert logging.ERROR in [record.levelno for record in caplog.records]


async def test_a_store_that_went_on_after_a_loss_is_found_too(store, feed) -> None:
    """It is ahead, but its next entry does not follow ours."""
    log = await stored(store, {"a": ON}, {"b": ON})
    await feed.start()
    store.lose_tail("production", 2)
    other = replayed(log.changes[:2])
    for documents in ({"c": ON}, {"d": ON}, {"c": OFF}):
        store._logs["production"].append(other.change(documents))

    await eventually(lambda: feed.losses)

    live = feed.environments["production"]
    assert {"a", "c", "d"} == set(live.state.flags)
    assert ("new-1", 6) == (live.head.epoch, live.head.version)


def replayed(changes: Any) -> Log:
    """A log that has these entries, and can go on."""
    log = Log()
    log.state = fold_all(empty("production"), changes)
    log.changes = list(changes)
    return log


async def test_of_several_servers_one_begins_the_epoch(store, feed, new_epoch) -> None:
    """The others follow it, and each lists what it had."""
    await stored(store, {"a": ON}, {"a": OFF})
    second = Feed(store, 0.01, now=lambda: AT, new_epoch=new_epoch)
    await feed.start()
    await second.start()

    store.lose_tail("production", 2)
    await eventually(lambda: feed.losses and second.losses)

    heads = {one.environments["production"].head for one in (feed, second)}
    assert 1 == len(heads)
    assert [1, 2, 4] == [change.version for change in await store.read("production", 0)]
    await second.close()


async def test_an_empty_store_is_not_followed(store, feed, heard) -> None:
    """What is known goes on being served; readiness is refused, naming the way out."""
    log = await stored(store, {"a": ON})
    await feed.start()

    store.wipe()
    await eventually(lambda: feed.holds)

    assert log.state == feed.environments["production"].state
    assert "knows version 2 of environment 'production'" in feed.unready_because
    assert "`flaghoist recover`" in feed.unready_because
    assert [("production", 2, [])] == heard.calls


@pytest.mark.parametrize("flags", [{}, {"other": ON}], ids=["empty", "with other flags"])
async def test_an_environment_that_was_made_anew_is_not_followed(
    store, feed, flags: dict[str, bytes]
) -> None:
    """Somebody wiped the store and set it up again: that was no restore."""
    log = await stored(store, {"a": ON})
    await feed.start()
    other = Log(epoch="other")
    store.put_log("production", [other.create(), other.change(flags), other.change(flags)])

    await eventually(lambda: feed.holds)

    assert log.state == feed.environments["production"].state
    assert "was made anew" in feed.unready_because


async def test_a_log_cut_down_to_nothing_is_not_followed(store, feed) -> None:
    """A lost tail that leaves no flag is an emptied store."""
    log = await stored(store, {"a": ON})
    await feed.start()

    store.lose_tail("production", 1)
    await eventually(lambda: feed.holds)

    assert log.state == feed.environments["production"].state


async def test_a_hold_ends_when_the_data_is_back(store, feed) -> None:
    """By itself: the store has what we know."""
    log = await stored(store, {"a": ON})
    await feed.start()
    store.wipe()
    await eventually(lambda: feed.holds)

    store.put_log("production", log.changes)
    await eventually(lambda: not feed.holds)

    assert "" == feed.unready_because


async def test_a_restore_is_followed(store, feed, heard) -> None:
    """It is an entry like any other, of another epoch."""
    log = await stored(store, {"a": ON}, {"a": OFF})
    await feed.start()
    before = log.state.head
    log.epoch = "restored"
    entry = log.change({"a": ON}, kind="restore", version=9)

    await store.begin(entry, before)
    await eventually(lambda: feed.environments["production"].head.version == 9)

    assert log.state == feed.environments["production"].state
    assert [9] == heard.versions
    assert {} == feed.losses


# Across restarts.


async def test_a_restart_without_the_store_serves_from_the_mirror(
    store, tmp_path: Path, new_epoch: Callable[[], str]
) -> None:
    """Stale and ready; when the store is back it goes on from there."""
    log = await stored(store, {"a": ON})
    first = Feed(store, 0.01, mirror=Mirror(tmp_path, store.url), new_epoch=new_epoch)
    await first.start()
    await first.close()
    store.away = True

    second = Feed(store, 0.01, mirror=Mirror(tmp_path, store.url), new_epoch=new_epoch)
    await second.start()

    assert "stale" == second.state
    assert "" == second.unready_because
    assert log.state == second.environments["production"].state
    store.away = False
    await store.append([log.change({"a": OFF})])
    await eventually(lambda: second.environments["production"].state == log.state)
    assert "live" == second.state
    await second.close()


async def test_a_restart_with_an_empty_store_holds_what_the_mirror_has(
    store, tmp_path: Path
) -> None:
    """The data was lost while the server was down: still nobody's flags are emptied."""
    log = await stored(store, {"a": ON})
    first = Feed(store, 0.01, mirror=Mirror(tmp_path, store.url))
    await first.start()
    await first.close()
    store.wipe()

    second = Feed(store, 0.01, mirror=Mirror(tmp_path, store.url))
    await second.start()

    assert log.state == second.environments["production"].state
    assert "`flaghoist recover`" in second.unready_because
    await second.close()


async def test_a_store_that_cannot_be_used_is_no_reason_to_look_into_the_mirror(
    store, tmp_path: Path, monkeypatch
) -> None:
    """A wrong password is an error at the start, whatever is known."""
    await stored(store, {"a": ON})
    first = Feed(store, 0.01, mirror=Mirror(tmp_path, store.url))
    await first.start()
    await first.close()

    async def refuse() -> None:
        raise StoreError("wrong password")

    monkeypatch.setattr(store, "start", refuse)
    second = Feed(store, 0.01, mirror=Mirror(tmp_path, store.url))

    with pytest.raises(StoreError, match="wrong password"):
        await second.start()
