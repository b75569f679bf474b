"""What every store does, whatever stands behind it: see `store.port`."""

from __future__ import annotations

import asyncio

import pytest
from tests.logs import Log

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.change.state import Head, State
from flaghoist_server.store.open import open_store
from flaghoist_server.store.port import Conflict, IdempotentAnswer, Store, TokenRecord

ON = b'{"default":"on"}'
OFF = b'{"state":"off","default":"on"}'


async def begun(store: Store, log: Log) -> None:
    """The environment of `log`, made in the store."""
    await store.begin(log.create(), None)


def skip_a_cluster(url: str) -> None:
    """One script may not touch two slots: the store refuses what it could not do whole."""
    if url.startswith("redis+cluster"):
        pytest.skip("a Cluster refuses to write several environments at once")


# Beginning.


async def test_a_new_store_has_nothing(store: Store) -> None:
    """No environment, no token, no remembered answer."""
    assert [] == await store.heads()
    assert [] == await store.tokens()
    assert await store.load("production") is None
    assert [] == await store.read("production", 0)
    assert [] == await store.history("production")
    assert await store.base("production", 10) is None
    assert await store.remembered("key") is None


async def test_starting_twice_and_closing_twice_is_fine(store: Store) -> None:
    """Neither does anything the second time."""
    await store.start()
    await store.close()
    await store.close()


async def test_what_was_appended_is_settled(store: Store) -> None:
    """As durable as was configured, which here is: on the store's own disk."""
    log = Log()
    await begun(store, log)
    change = log.change({"a": ON})
    await store.append([change])

    assert await store.settled(change)


async def test_what_the_log_does_not_have_is_not_settled(store: Store) -> None:
    """It was written to a primary that is none any more, or another entry has its version now."""
    log, elsewhere = Log(), Log()
    await begun(store, log)
    elsewhere.change({})
    other = elsewhere.change({"b": ON})

    missing = await store.settled(other)
    await store.append([log.change({"a": ON})])

    assert (False, False) == (missing, await store.settled(other))


async def test_an_environment_begins_with_its_first_entry(store: Store) -> None:
    """The head is at that entry, and the log has it and nothing else."""
    log = Log()
    entry = log.create()

    assert await store.begin(entry, None)

    assert [Head("production", "e1", 1, entry.hash, entry.at)] == await store.heads()
    assert [entry] == await store.read("production", 0)
    assert log.state == await store.load("production")


async def test_a_name_is_taken_once(store: Store) -> None:
    """Beginning an environment that exists is a conflict that tells where it stands."""
    log = Log()
    await begun(store, log)
    again = Log(epoch="e2").create()

    with pytest.raises(Conflict) as caught:
        await store.begin(again, None)

    assert log.state.head == caught.value.head
    assert log.state == await store.load("production")


async def test_a_log_may_begin_at_any_version(store: Store) -> None:
    """A log that is seeded anew begins above what was known, with everything in one entry."""
    log = Log()
    entry = log.change({"a": ON}, {"staff": b"{}"}, kind="restore", version=41)

    await store.begin(entry, None)
    await store.append([log.change({"a": OFF})])

    assert log.state == await store.load("production")
    assert 42 == (await store.heads())[0].version


async def test_another_epoch_begins_where_the_environment_stands(store: Store) -> None:
    """It may leave out versions; the log goes on and the old entries stay."""
    log = Log()
    await begun(store, log)
    await store.append([log.change({"a": ON})])
    before = log.state.head
    entry = log.restart("e2", version=10)

    await store.begin(entry, before)

    assert log.state.head == (await store.heads())[0]
    assert log.changes == await store.read("production", 0)
    assert log.state == await store.load("production")


@pytest.mark.parametrize(
    "after",
    [
        Head("production", "e1", 1, "sha256:another"),
        Head("production", "e0", 2, ""),
        Head("production", "e1", 3, ""),
    ],
    ids=["other hash", "other epoch", "other version"],
)
async def test_another_epoch_begins_nowhere_else(store: Store, after: Head) -> None:
    """Whoever thinks that the environment stands elsewhere may not begin an epoch in it."""
    log = Log()
    await begun(store, log)
    await store.append([log.change({"a": ON})])
    kept = log.state
    other = Log()
    other.state = State(after, {}, {})
    entry = other.restart("e9", version=after.version + 1)

    with pytest.raises(Conflict):
        await store.begin(entry, after)

    assert kept == await store.load("production")


# Appending.


async def test_documents_come_back_as_they_were_given(store: Store) -> None:
    """Byte for byte, whatever text is in them."""
    document = (
        '{"description":"Ü \\u0000 \\"quoted\\" 🚩 {}","default":{"b":0.125,"a":99.875}}'.encode()
    )
    log = Log()
    await begun(store, log)

    await store.append([log.change({"a/b.c-D_9": document}, {"staff": b'{"when":{}}'})])

    state = await store.load("production")
    assert state is not None
    assert document == state.flags["a/b.c-D_9"].document
    assert {"staff": b'{"when":{}}'} == state.segments
    assert log.changes == await store.read("production", 0)


async def test_the_state_is_the_fold_of_the_log(store: Store) -> None:
    """Flags and segments come, change and go."""
    log = Log()
    await begun(store, log)

    for flags, segments in [
        ({"a": ON, "b": ON}, {"s": b'{"when":{}}'}),
        ({"a": OFF}, {}),
        ({"b": None}, {"s": None}),
        ({"b": OFF}, {"t": b'{"when":{}}'}),
    ]:
        await store.append([log.change(flags, segments)])

    assert log.state == await store.load("production")
    assert log.state == fold_all(empty("production"), await store.read("production", 0))


@pytest.mark.parametrize("fault", ["again", "later", "epoch", "parent", "unknown"])
async def test_only_the_next_entry_is_taken(store: Store, fault: str) -> None:
    """Version n + 1 of the same epoch after the same entry; anything else is a conflict."""
    log = Log()
    await begun(store, log)
    await store.append([log.change({"a": ON})])
    kept = log.state

    with pytest.raises(Conflict) as caught:
        await store.append([misfit(log, fault)])

    assert (None if fault == "unknown" else kept.head) == caught.value.head
    assert kept == await store.load("production")
    assert [1, 2] == [change.version for change in await store.read("production", 0)]


def misfit(log: Log, fault: str) -> Change:
    """An entry that does not follow the two of `log`."""
    if fault == "again":
        return log.changes[-1]
    if fault == "later":
        log.change({"a": OFF})
        return log.change({"a": ON})
    if fault == "epoch":
        log.epoch = "e2"
        return log.change({"a": OFF})
    other = Log("staging" if fault == "unknown" else "production")
    other.create()
    other.change({"a": OFF})
    return other.change({"a": ON})


async def test_several_environments_change_together(store: Store, store_url: str) -> None:
    """One append changes both."""
    skip_a_cluster(store_url)
    production, staging = Log("production"), Log("staging")
    await begun(store, production)
    await begun(store, staging)

    await store.append([production.change({"a": ON}), staging.change({"a": OFF})])

    assert production.state == await store.load("production")
    assert staging.state == await store.load("staging")


async def test_several_environments_change_together_or_not_at_all(
    store: Store, store_url: str
) -> None:
    """One that has moved on keeps the other from changing."""
    skip_a_cluster(store_url)
    production, staging = Log("production"), Log("staging")
    await begun(store, production)
    await begun(store, staging)
    await store.append([staging.change({"a": ON})])
    kept = production.state
    stale = staging.changes[-1]

    with pytest.raises(Conflict) as caught:
        await store.append([production.change({"a": ON}), stale])

    assert "staging" == caught.value.environment
    assert kept == await store.load("production")


async def test_entries_of_one_environment_may_follow_each_other_in_one_append(store: Store) -> None:
    """A copied log comes in pages."""
    log = Log()
    await begun(store, log)

    await store.append([log.change({"a": ON}), log.change({"a": OFF}), log.change({"b": ON})])

    assert log.state == await store.load("production")
    assert log.changes == await store.read("production", 0)


async def test_of_many_writers_one_wins_each_version(store: Store) -> None:
    """Twenty append version 2 at once: one is in the log, nineteen are told so."""
    log = Log()
    await begun(store, log)
    rivals = []
    for number in range(20):
        rival = Log()
        rival.create()
        rivals.append(rival.change({f"flag-{number}": ON}))

    results = await asyncio.gather(
        *(store.append([rival]) for rival in rivals), return_exceptions=True
    )

    won = [rival for rival, result in zip(rivals, results, strict=True) if result is True]
    assert 1 == len(won)
    assert 19 == sum(isinstance(result, Conflict) for result in results)
    assert won == await store.read("production", 1)


# Reading.


async def test_a_log_is_read_in_pages(store: Store) -> None:
    """From any version on, in order, so many at a time."""
    log = Log()
    await begun(store, log)
    for number in range(9):
        await store.append([log.change({"a": ON if number % 2 else OFF})])

    assert [4, 5, 6] == [change.version for change in await store.read("production", 3, 3)]
    assert [10] == [change.version for change in await store.read("production", 9, 3)]
    assert [] == await store.read("production", 10)


async def test_history_is_newest_first(store: Store) -> None:
    """Of a flag, or of all; below a version; so many."""
    log = Log()
    await begun(store, log)
    for key in ("a", "b", "a", "c", "a"):
        await store.append([log.change({key: ON}), log.change({}, {"s": b"{}"})])

    async def versions(key: str | None, limit: int, before: int | None = None) -> list[int]:
        return [c.version for c in await store.history("production", key, limit, before)]

    assert [10, 6, 2] == await versions("a", 50)
    assert [10, 6] == await versions("a", 2)
    assert [2] == await versions("a", 50, 6)
    assert [4] == await versions("b", 50)
    assert [] == await versions("nothing", 50)
    assert [11, 10, 9] == await versions(None, 3)
    assert [3, 2, 1] == await versions(None, 50, 4)


async def test_the_past_is_a_snapshot_and_the_entries_after_it(store: Store) -> None:
    """Wherever a snapshot stands, what is folded onto it gives the state at that version."""
    log = Log()
    await begun(store, log)
    states = {1: log.state}
    for _ in range(100):
        page = []
        for flag in range(7):
            document = b'{"description":"%d"}' % log.state.head.version
            page.append(log.change({f"flag-{flag}": document}))
            states[page[-1].version] = log.state
        await store.append(page)

    for version in (1, 2, 255, 256, 257, 400, 512, 700, 701):
        base = await store.base("production", version)
        start = base or empty("production")
        entries = await store.read("production", start.head.version, version - start.head.version)
        assert start.head.version <= version
        assert states[version] == fold_all(start, entries)
    assert log.state == await store.load("production")


async def test_environments_do_not_mix(store: Store) -> None:
    """Names that begin alike, or hold the marks of keys, are still others."""
    names = ["prod", "prod:log", "prod/x", "prod*", "prod{x}", "Prod"]
    logs = [Log(name) for name in names]
    for log in logs:
        await begun(store, log)
        await store.append([log.change({f"flag of {log.environment}": ON})])

    assert sorted(names) == [head.environment for head in await store.heads()]
    for log in logs:
        assert log.state == await store.load(log.environment)
        assert log.changes == await store.read(log.environment, 0)


async def test_what_was_stored_is_there_after_a_restart(store: Store, store_url: str) -> None:
    """Another object at the same address finds all of it."""
    if store_url.startswith("memory:"):
        pytest.skip("what is in memory is gone with it")
    log = Log()
    await begun(store, log)
    await store.append([log.change({"a": ON})], IdempotentAnswer("key", "hash", b"answer"))
    await store.put_token(TokenRecord("t1", "sdk", "hash", environment="production"))
    await store.close()

    again = open_store(store_url)
    await again.start()

    assert log.state == await again.load("production")
    assert [TokenRecord("t1", "sdk", "hash", environment="production")] == await again.tokens()
    assert IdempotentAnswer("key", "hash", b"answer") == await again.remembered("key")
    await again.close()


# Beside the logs.


async def test_an_answer_is_kept_with_the_change(store: Store) -> None:
    """In the same act, byte for byte."""
    log = Log()
    await begun(store, log)
    answer = IdempotentAnswer("key", "hash", b'{"version":2,"\xc3\xbc":"\\u0000"}')

    await store.append([log.change({"a": ON})], answer)

    assert answer == await store.remembered("key")
    assert await store.remembered("another") is None


async def test_an_answer_is_kept_alone(store: Store) -> None:
    """A command that found everything as asked has an answer and no entry."""
    answer = IdempotentAnswer("key", "hash", b"nothing to do")

    await store.append([], answer)

    assert answer == await store.remembered("key")


async def test_no_answer_is_kept_for_a_change_that_lost(store: Store) -> None:
    """A conflict leaves nothing behind."""
    log = Log()
    await begun(store, log)

    with pytest.raises(Conflict):
        await store.append([log.changes[0]], IdempotentAnswer("key", "hash", b"answer"))

    assert await store.remembered("key") is None


async def test_a_token_is_added_and_replaced(store: Store) -> None:
    """One record per id, ordered by it."""
    await store.put_token(TokenRecord("t2", "admin", "h2", name="Ada", expires_at="2028"))
    await store.put_token(TokenRecord("t1", "sdk", "h1", environment="production"))
    await store.put_token(TokenRecord("t1", "sdk", "h1", revoked_at="2027"))

    assert [
        TokenRecord("t1", "sdk", "h1", revoked_at="2027"),
        TokenRecord("t2", "admin", "h2", name="Ada", expires_at="2028"),
    ] == await store.tokens()


async def test_hints_name_what_may_have_moved(store: Store) -> None:
    """An environment by its name, tokens by "" - and the hints end with the store."""
    heard: list[str] = []

    async def listen() -> None:
        async for name in store.hints():
            heard.append(name)  # noqa: PERF401  # what was heard so far is looked at meanwhile

    listener = asyncio.create_task(listen())
    log, marker = Log(), Log("marker")
    await begun(store, marker)
    async with asyncio.timeout(10):
        while "marker" not in heard:  # hints from before the listener listens are missed
            await store.append([marker.change()])
            await asyncio.sleep(0.01)
        await begun(store, log)
        await store.append([log.change({"a": ON})])
        await store.put_token(TokenRecord("t1", "sdk", "h1"))
        while not {"production", ""} <= set(heard):
            await asyncio.sleep(0.01)
        await store.close()
        await listener
