"""The writer: a command becomes an appended change, once, on the state it was meant for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.logs import AT
from tests.stores import eventually

from flaghoist.model.digest import digest
from flaghoist.model.flagfile import parse_flag_document
from flaghoist_server.change.change import Change
from flaghoist_server.change.commands import Apply, Author, CommandError, Ramp, SetState, Undo
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.preconditions import PreconditionFailed
from flaghoist_server.feed.writer import KeyReused, Writer
from flaghoist_server.store.port import Conflict, StoreReadOnly, StoreUnavailable

ADA = Author("ada", AT, "why")


def flags(*keys: str) -> Apply:
    behaviour = {"default": {"on": 5, "off": 95}}
    return Apply(
        parse_flag_document(
            {
                "flaghoist": 1,
                "flags": {key: {"environments": {"production": behaviour}} for key in keys},
            }
        )
    )


@pytest.fixture
async def ready(feed: Feed, writer: Writer) -> Feed:
    """A live feed with `production`, in it flag `a` at 5 %, at version 2."""
    await feed.start()
    await writer.create("production", ADA)
    await writer.submit(flags("a"), None, "ada")
    return feed


# Environments.


async def test_an_environment_is_made_once(feed, writer, store) -> None:
    """Live at once, with who made it in its history."""
    await feed.start()

    assert await writer.create("production", ADA)
    assert not await writer.create("production", ADA)

    assert 1 == feed.environments["production"].head.version
    (entry,) = await store.read("production", 0)
    assert ("create", "ada", "why", "new-1") == (entry.kind, entry.actor, entry.reason, entry.epoch)


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "a b", "ü", "x" * 65, "a\n"])
async def test_what_is_no_name_is_refused(feed, writer, name: str) -> None:
    """It stands in addresses, files and tokens."""
    await feed.start()

    with pytest.raises(CommandError):
        await writer.create(name, ADA)

    assert {} == feed.environments


# Commands.


async def test_a_command_is_done_when_it_returns(ready, writer, store, heard) -> None:
    """Durable, told to listeners, in history, with version and digest."""
    outcome = await writer.submit(Ramp("a", 25), "production", "ada", "why")

    stored = ready.environments["production"].state.flags["a"]
    assert ("production", "a", 3, True, True) == (
        outcome.environment,
        outcome.key,
        outcome.version,
        outcome.changed,
        outcome.durable,
    )
    assert digest(stored.document) == outcome.digest
    assert b'{"default":{"on":25,"off":75}}' == stored.document
    assert [3] == heard.versions
    assert list(outcome.changes) == await store.read("production", 2)


async def test_what_is_so_already_appends_nothing(ready, writer, store) -> None:
    """The outcome tells where the flag stands."""
    outcome = await writer.submit(SetState("a", "on"), "production", "ada")

    assert not outcome.changed
    assert 2 == outcome.version
    assert digest(ready.environments["production"].state.flags["a"].document) == outcome.digest
    assert 2 == len(await store.read("production", 0))


async def test_undo_reads_what_was_before_from_history(ready, writer) -> None:
    """Of that flag, whatever was done to others since."""
    await writer.submit(flags("b"), None, "ada")
    await writer.submit(Ramp("a", 25), "production", "ada")
    await writer.submit(SetState("b", "off"), "production", "ada")

    outcome = await writer.submit(Undo("a"), "production", "ada")

    assert b'{"default":{"on":5,"off":95}}' == outcome.changes[0].flags["a"].new


async def test_a_plan_changes_nothing(ready, writer, store) -> None:
    """It tells the same as doing it would."""
    planned = await writer.plan(flags("a", "b"), None, "ada", "why")

    assert {"b"} == set(planned.changes[0].flags)
    assert 2 == ready.environments["production"].head.version
    assert planned == await writer.submit(flags("a", "b"), None, "ada", "why")


async def test_a_refused_command_changes_nothing(ready, writer, store) -> None:
    """The refusal goes to the caller."""
    with pytest.raises(CommandError):
        await writer.submit(SetState("nothing", "off"), "production", "ada")

    assert 2 == len(await store.read("production", 0))


async def test_who_loses_the_race_decides_again(ready, writer, store, feed, new_epoch) -> None:
    """Another server writes with the same store: no update is lost, none is done twice."""
    other_feed = Feed(store, 0.01, now=lambda: AT, new_epoch=new_epoch)
    await other_feed.start()
    other = Writer(store, other_feed, now=lambda: AT, new_epoch=new_epoch)
    await writer.submit(flags(*(f"f{number}" for number in range(50))), None, "ada")

    outcomes = await asyncio.gather(
        *(
            (writer if number % 2 else other).submit(
                SetState(f"f{number}", "off"), "production", "ada"
            )
            for number in range(50)
        )
    )

    log = await store.read("production", 0)
    assert list(range(1, 54)) == [change.version for change in log]
    assert set(range(4, 54)) == {outcome.version for outcome in outcomes}
    assert {f"f{number}" for number in range(50)} == {key for c in log[3:] for key in c.flags}
    await other_feed.close()


async def test_what_was_done_at_another_server_a_moment_ago_counts(
    ready, writer, store, new_epoch
) -> None:
    """A server that has not heard of it yet neither refuses for it, nor says that all is so."""
    store.deaf = True
    other_feed = Feed(store, 60.0, now=lambda: AT, new_epoch=new_epoch)
    await other_feed.start()
    other = Writer(store, other_feed, now=lambda: AT, new_epoch=new_epoch)
    await writer.submit(flags("new"), None, "ada")

    killed = await writer.submit(SetState("new", "off"), "production", "ada")
    switched = await other.submit(SetState("new", "on"), "production", "ada")

    assert killed.version + 1 == switched.version
    await other_feed.close()


# Preconditions.


def tag(feed: Feed, key: str = "a") -> str:
    return digest(feed.environments["production"].state.flags[key].document)


@pytest.mark.parametrize(
    "form", ["{}", '"{}"', 'W/"{}"', '"sha256:x", "{}"', "*"], ids=["bare", "", "weak", "list", "*"]
)
async def test_a_flag_that_is_as_meant_is_changed(ready, writer, form: str) -> None:
    """Its digest as an ETag, in every form of If-Match."""
    outcome = await writer.submit(
        Ramp("a", 25), "production", "ada", if_match=form.format(tag(ready))
    )

    assert outcome.changed


async def test_a_flag_that_is_another_is_not_changed(ready, writer, store) -> None:
    """A conflict, which tells the version and the digest that there are now."""
    meant = tag(ready)
    await writer.submit(Ramp("a", 10), "production", "eve")

    with pytest.raises(PreconditionFailed) as caught:
        await writer.submit(Ramp("a", 25), "production", "ada", if_match=f'"{meant}"')

    assert isinstance(caught.value, Conflict)
    assert tag(ready) == caught.value.digest
    assert caught.value.head is not None
    assert 3 == caught.value.head.version
    assert "'a' is another than was meant" in str(caught.value)
    assert 3 == len(await store.read("production", 0))


async def test_a_race_lost_meanwhile_is_a_failed_precondition(ready, writer, store, heard) -> None:
    """The feed had not seen the other's change: the store had."""
    meant = tag(ready)
    store.deaf = True
    ready._poll_seconds = 60.0
    await asyncio.sleep(0.05)  # the poll that has begun
    other_feed = Feed(store, 60.0)
    await other_feed.start()
    await Writer(store, other_feed).submit(Ramp("a", 10), "production", "eve")

    with pytest.raises(PreconditionFailed):
        await writer.submit(Ramp("a", 25), "production", "ada", if_match=meant)

    await other_feed.close()


async def test_environments_must_stand_where_a_plan_was_made(ready, writer) -> None:
    """A plan is bound to a position."""
    head = ready.environments["production"].head
    position = {"production": (head.epoch, head.version)}

    await writer.submit(flags("b"), None, "ada", positions=position)

    with pytest.raises(PreconditionFailed, match="it was meant for version 2"):
        await writer.submit(flags("c"), None, "ada", positions=position)
    with pytest.raises(CommandError, match="no environment 'staging'"):
        await writer.submit(flags("c"), None, "ada", positions={"staging": ("e", 1)})


# Idempotency.


async def test_a_repeated_request_gets_the_first_answer(ready, writer, store) -> None:
    """Whatever has happened since, and without doing it again."""
    first = await writer.submit(Ramp("a", 25), "production", "ada", idempotency=("key", "hash"))
    await writer.submit(Ramp("a", 50), "production", "eve")

    again = await writer.submit(Ramp("a", 25), "production", "ada", idempotency=("key", "hash"))

    assert first == again
    assert 4 == len(await store.read("production", 0))


async def test_a_repeated_request_that_changed_nothing_changes_nothing(ready, writer) -> None:
    """Also when by now it would."""
    first = await writer.submit(
        SetState("a", "on"), "production", "ada", idempotency=("key", "hash")
    )
    await writer.submit(SetState("a", "kill"), "production", "eve")

    again = await writer.submit(
        SetState("a", "on"), "production", "ada", idempotency=("key", "hash")
    )

    assert first == again
    assert ready.environments["production"].state.flags["a"].killed_at


async def test_a_repeated_request_is_no_more_durable_for_being_repeated(
    ready, writer, store, monkeypatch
) -> None:
    """The first answer was lost on its way; how many replicas have the change is asked anew."""
    asked = Ramp("a", 30.0), "production", "ada"
    await writer.submit(*asked, idempotency=("key-1", "hash"))

    async def unsettled(_change: Change) -> bool:
        return False

    monkeypatch.setattr(store, "settled", unsettled)
    again = await writer.submit(*asked, idempotency=("key-1", "hash"))

    assert again.changed
    assert not again.durable


async def test_a_key_belongs_to_one_request(ready, writer) -> None:
    """Another request with it is a mistake of the caller."""
    await writer.submit(Ramp("a", 25), "production", "ada", idempotency=("key", "hash"))

    with pytest.raises(KeyReused, match="'key' was used for another request"):
        await writer.submit(Ramp("a", 50), "production", "ada", idempotency=("key", "other"))


async def test_retries_at_two_servers_make_one_change(ready, writer, store, new_epoch) -> None:
    """Both get the one answer."""
    other_feed = Feed(store, 0.01, now=lambda: AT, new_epoch=new_epoch)
    await other_feed.start()
    other = Writer(store, other_feed, now=lambda: AT, new_epoch=new_epoch)

    outcomes = await asyncio.gather(
        *(
            one.submit(Ramp("a", 25), "production", "ada", idempotency=("key", "hash"))
            for one in (writer, other, writer, other)
        )
    )

    assert {3} == {outcome.version for outcome in outcomes}
    assert 3 == len(await store.read("production", 0))
    await other_feed.close()


# The store fails.


async def test_while_the_store_is_away_nothing_is_written(ready, writer, store) -> None:
    """At once, and what is served stays."""
    store.away = True

    with pytest.raises(StoreUnavailable):
        await writer.submit(Ramp("a", 25), "production", "ada")

    assert 2 == ready.environments["production"].head.version


async def test_of_many_writers_one_finds_out_that_the_store_is_away(
    ready, writer, store, monkeypatch
) -> None:
    """It waits for the answer that does not come; those behind it are refused at once."""
    tried = []

    async def hanging(*_entries: Any) -> bool:
        tried.append(1)
        await asyncio.sleep(0.01)
        raise StoreUnavailable("no answer in time")

    monkeypatch.setattr(store, "append", hanging)
    store.away = True
    asked = [writer.submit(Ramp("a", float(share)), "production", "ada") for share in range(30)]

    refused = await asyncio.gather(*asked, return_exceptions=True)

    assert [StoreUnavailable] * 30 == [type(one) for one in refused]
    assert [1] == tried


async def test_a_store_that_was_away_for_one_call_is_found_there_at_once(
    ready, writer, store, monkeypatch
) -> None:
    """One answer was lost; nobody waits for the next poll."""
    with monkeypatch.context() as fault:

        async def lost(*_entries: Any) -> bool:
            raise StoreUnavailable("no answer in time")

        fault.setattr(store, "append", lost)
        with pytest.raises(StoreUnavailable):
            await writer.submit(Ramp("a", 30.0), "production", "ada")
    await eventually(lambda: ready.state == "live")

    assert (await writer.submit(Ramp("a", 30.0), "production", "ada")).changed


async def test_an_emptied_store_is_not_written_to(ready, writer, store) -> None:
    """A command could not know what it changes; the refusal names the way out."""
    store.wipe()
    await eventually(lambda: ready.holds)

    with pytest.raises(StoreUnavailable, match="flaghoist recover"):
        await writer.submit(Ramp("a", 25), "production", "ada")
    with pytest.raises(StoreUnavailable, match="flaghoist recover"):
        await writer.create("staging", ADA)


async def test_a_store_that_is_found_behind_is_written_to_all_the_same(store, new_epoch) -> None:
    """Nobody waits for the next poll to find out that the store has lost its tail."""
    feed = Feed(store, 1e9, now=lambda: AT, new_epoch=new_epoch)
    writer = Writer(store, feed, now=lambda: AT, new_epoch=new_epoch)
    await feed.start()
    await writer.create("production", ADA)
    await writer.submit(flags("a"), None, "ada")
    await writer.submit(Ramp("a", 25.0), "production", "ada")
    store.lose_tail("production", 2)

    async with asyncio.timeout(5):
        outcome = await writer.submit(Ramp("a", 50.0), "production", "ada")

    assert (5, "new-2") == (outcome.version, outcome.changes[0].epoch)
    await feed.close()


async def test_a_store_that_is_found_emptied_is_not_tried_again(
    ready, writer, store, monkeypatch
) -> None:
    """The race that was lost to nobody is the first and the last."""
    tried = []
    append = store.append

    async def counted(*entries: Any) -> bool:
        tried.append(1)
        return await append(*entries)

    monkeypatch.setattr(store, "append", counted)
    store.wipe()

    with pytest.raises(StoreUnavailable, match="flaghoist recover"):
        await writer.submit(Ramp("a", 25.0), "production", "ada")

    assert [1] == tried


async def test_a_change_on_too_few_replicas_says_so(ready, writer, store, monkeypatch) -> None:
    """It is written, and not as durable as was configured."""
    append = store.append

    async def on_too_few(*arguments: Any) -> bool:
        await append(*arguments)
        return False

    monkeypatch.setattr(store, "append", on_too_few)

    outcome = await writer.submit(Ramp("a", 25), "production", "ada")

    assert outcome.changed
    assert not outcome.durable


async def test_a_store_that_takes_no_writes_says_so(ready, writer, store, monkeypatch) -> None:
    """And nobody is told of a change that was not made."""

    async def full(*_: Any) -> bool:
        raise StoreReadOnly("the disk is full")

    monkeypatch.setattr(store, "append", full)

    with pytest.raises(StoreReadOnly, match="the disk is full"):
        await writer.submit(Ramp("a", 25), "production", "ada")

    assert 2 == ready.environments["production"].head.version
