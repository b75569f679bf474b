"""What is Redis's own about the store; what all stores do is in tests/contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.redis_servers import Cluster, Redis, until

from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.store.port import (
    Conflict,
    Head,
    IdempotentAnswer,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    TokenRecord,
)
from flaghoist_server.store.redis.store import RedisStore

ENTRY_AT = "2026-11-25T12:00:00.000Z"


def change(
    version: int, parent: Change | None = None, environment: str = "production", key: str = "a"
) -> Change:
    """Entry `version` after `parent`: flag `key` has come to say its version."""
    document = b'{"description":"%d"}' % version
    bare = Change(
        environment, "e1", version, "apply", ENTRY_AT, "me", flags={key: Edit.of(None, document)}
    )
    return chain(bare, parent.hash if parent else "")


def log_of(length: int, environment: str = "production") -> list[Change]:
    entries = [change(1, None, environment)]
    while len(entries) < length:
        entries.append(change(len(entries) + 1, entries[-1], environment))
    return entries


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisStore]:
    store = RedisStore(redis_url)
    await store.start()
    yield store
    await store.close()


async def test_entries_stand_in_the_stream_under_their_versions(
    redis: Redis, store: RedisStore
) -> None:
    """Anybody with redis-cli can read the log."""
    first, second = log_of(2)
    await store.begin(first, None)
    await store.append([second])

    (key,) = redis.ask("KEYS", f"{prefix(store)}:*:log")
    ids = [entry_id for entry_id, _ in redis.ask("XRANGE", key, "-", "+")]

    assert [b"1-0", b"2-0"] == ids
    assert b"{production}" in key


async def test_an_append_whose_reply_was_lost_is_recognised(
    redis: Redis, store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt finds the first one's entry, and adds none."""
    first, second = log_of(2)
    await store.begin(first, None)
    lose_the_next_reply(monkeypatch)

    assert await store.append([second])
    assert [1, 2] == [entry.version for entry in await store.read("production", 0)]


async def test_another_writers_entry_is_never_taken_for_ones_own(store: RedisStore) -> None:
    """The same version with another hash is a lost race, also in a second attempt."""
    first, second = log_of(2)
    await store.begin(first, None)
    await store.append([second])

    with pytest.raises(Conflict) as caught:
        await store.append([change(2, first, key="b")])

    assert caught.value.head == Head("production", "e1", 2, second.hash, ENTRY_AT)


async def test_a_repeated_request_is_a_conflict_until_its_answer_is_looked_up(
    store: RedisStore,
) -> None:
    """Another server may have answered the same idempotency key a moment ago."""
    first, second, third = log_of(3)
    answer = IdempotentAnswer("key", "hash", b"answer")
    await store.begin(first, None)
    await store.append([second], answer)

    with pytest.raises(Conflict):
        await store.append([third], answer)

    assert answer == await store.remembered("key")
    assert (await store.heads())[0].version == 2


async def test_snapshots_bound_the_replay(redis: Redis, store: RedisStore) -> None:
    """One is made beside the appends once 256 entries have come."""
    entries = log_of(600)
    key = f"{prefix(store)}:{{production}}:snapshots"
    await store.begin(entries[0], None)
    await store.append(entries[1:300])
    await eventually(lambda: made(redis, key, 1))
    await store.append(entries[300:])
    await eventually(lambda: made(redis, key, 2))

    base = await store.base("production", 500)
    state = await store.load("production")

    assert base is not None
    assert state is not None
    assert 256 <= base.head.version <= 500
    assert (600, 600) == (state.head.version, state.flags["a"].version)


async def test_losing_all_snapshots_loses_nothing(redis: Redis, store: RedisStore) -> None:
    """The log is the truth."""
    entries = log_of(300)
    await store.begin(entries[0], None)
    await store.append(entries[1:])
    key = f"{prefix(store)}:{{production}}:snapshots"
    await eventually(lambda: made(redis, key, 1))
    with_snapshot = await store.load("production")
    redis.ask("DEL", key)

    assert with_snapshot == await store.load("production")


async def test_hints_reach_every_other_store(redis_url: str, store: RedisStore) -> None:
    """A change made through one server wakes the others."""
    other = RedisStore(redis_url)
    hints = other.hints()
    heard = asyncio.create_task(anext(hints))
    first, *rest = log_of(50)
    await store.begin(first, None)
    for entry in rest:
        if heard.done():
            break
        await store.append([entry])
        await asyncio.sleep(0.01)

    assert "production" == await heard
    await other.close()
    await hints.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def test_a_hint_that_may_not_be_published_costs_nothing() -> None:
    """An ACL without channels: every write is whole all the same."""
    with Redis() as redis:
        store = RedisStore(redis.url)
        await store.start()
        redis.ask("ACL", "SETUSER", "default", "resetchannels")
        first, second = log_of(2)

        await store.begin(first, None)
        await store.append([second], IdempotentAnswer("key", "hash", b"answer"))
        await store.put_token(TokenRecord("t", "sdk", "hash"))

        assert [first, second] == await store.read("production", 0)
        assert await store.remembered("key") is not None
        assert ["t"] == [token.id for token in await store.tokens()]
        await store.close()


async def test_a_stopped_server_refuses_within_a_second_and_then_goes_on() -> None:
    """SIGSTOP: connections are accepted and never answered."""
    with Redis() as redis:
        store = RedisStore(redis.url)
        await store.start()
        first, second = log_of(2)
        await store.begin(first, None)
        redis.stop()
        begun = asyncio.get_running_loop().time()

        with pytest.raises(StoreUnavailable):
            await store.append([second])
        took_s = asyncio.get_running_loop().time() - begun
        redis.go_on()

        assert took_s < 2.0  # 0.9 s, and a busy machine
        await eventually(lambda: written(store, second))
        await store.close()


async def test_a_missing_replica_makes_a_change_not_durable() -> None:
    """It is written, but fewer have it than was asked; when the replica is back, it is again."""
    with Redis() as primary, Redis(replicaof=f"127.0.0.1 {primary.port}") as replica:
        until(lambda: primary.followed_by(1), "the replica to follow")
        store = RedisStore(f"{primary.url}?wait_replicas=1&wait_ms=400")
        await store.start()
        first, second = log_of(2)

        await store.begin(first, None)
        await eventually(lambda: store.settled(first))
        replica.stop()
        without = await store.append([second])
        unsettled = await store.settled(second)
        replica.go_on()
        await eventually(lambda: store.settled(second))

        assert (False, False) == (without, unsettled)
        await store.close()


async def test_a_repeat_over_a_new_connection_waits_for_the_replica_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """WAIT on a connection that has written nothing answers that everybody has everything."""
    with Redis() as primary, Redis(replicaof=f"127.0.0.1 {primary.port}") as replica:
        until(lambda: primary.followed_by(1), "the replica to follow")
        store = RedisStore(f"{primary.url}?wait_replicas=1&wait_ms=100")
        await store.start()
        first, second = log_of(2)
        await store.begin(first, None)
        replica.stop()
        lose_the_next_reply(monkeypatch)

        assert not await store.append([second])
        assert [first, second] == await store.read("production", 0)
        await store.close()


async def test_a_server_that_may_lose_what_it_acknowledged_says_so() -> None:
    """`appendfsync everysec` is used, and never called durable."""
    with Redis(appendfsync="everysec") as redis:
        store = RedisStore(redis.url)
        await store.start()

        assert not await store.begin(change(1), None)
        await store.close()


async def test_a_replica_is_read_only_at_the_first_write(redis: Redis) -> None:
    """A primary that was demoted while a server ran."""
    with Redis() as server:
        store = RedisStore(server.url)
        await store.start()
        server.ask("REPLICAOF", "127.0.0.1", redis.port)

        with pytest.raises(StoreReadOnly, match="is a replica"):
            await store.begin(change(1), None)
        await store.close()


async def test_a_format_from_the_future_is_refused_by_name(redis: Redis, redis_url: str) -> None:
    """A server that was rolled back too far must not write."""
    store = RedisStore(redis_url)
    redis.ask("SET", f"{prefix(store)}:{{{prefix(store)}}}:format", 7)

    with pytest.raises(StoreError, match="format 7, and this server knows format 1"):
        await store.start()
    await store.close()


async def test_a_head_that_its_log_does_not_bear_out_is_refused(
    redis: Redis, store: RedisStore, redis_url: str
) -> None:
    """Half a restore, or a hand that slipped."""
    first, second = log_of(2)
    await store.begin(first, None)
    await store.append([second])
    redis.ask("XDEL", f"{prefix(store)}:{{production}}:log", "2-0")
    again = RedisStore(redis_url)

    with pytest.raises(StoreError, match="its head is version 2 and its log ends at 1"):
        await again.start()
    await again.close()


async def test_a_server_that_starts_while_others_write_sees_no_damage(
    store: RedisStore, redis_url: str
) -> None:
    """Head and log are read in one step, however fast they move."""
    entries = log_of(400)
    await store.begin(entries[0], None)

    async def write() -> None:
        for entry in entries[1:]:
            await store.append([entry])

    writing = asyncio.create_task(write())
    starts = 0
    while not writing.done():
        again = RedisStore(redis_url)
        await again.start()
        await again.close()
        starts += 1
    await writing

    assert starts > 3


async def test_environments_of_a_cluster_lie_in_slots_of_their_own() -> None:
    """Each has its entries, its history and its answers, wherever it lies."""
    with Cluster() as cluster:
        store = RedisStore(cluster.url)
        await store.start()
        for number in range(8):
            first, second = log_of(2, f"env-{number}")
            await store.begin(first, None)
            answer = IdempotentAnswer(f"key-{number}", "", b"")
            await store.append([second], answer)

        assert [2] * 8 == [head.version for head in await store.heads()]
        assert answer == await store.remembered("key-7")
        assert all(int(node.ask("DBSIZE")) for node in cluster.nodes)
        await store.close()


def prefix(store: RedisStore) -> str:
    return store.url.partition("prefix=")[2]


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await holds():
            await asyncio.sleep(0.01)


async def made(redis: Redis, key: str, snapshots: int) -> bool:
    return int(redis.ask("HLEN", key)) >= snapshots


async def written(store: RedisStore, entry: Change) -> bool:
    return (await store.read("production", 0))[-1:] == [entry]


def lose_the_next_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next exchange is done, and its connection breaks before the reply comes."""
    from flaghoist_server.store.redis.wire import Command, Reply, Wire

    exchange = Wire.exchange

    async def lost(wire: Wire, *commands: Command) -> list[Reply]:
        monkeypatch.undo()
        await exchange(wire, *commands)
        wire.usable = False
        raise ConnectionResetError("cut by the test")

    monkeypatch.setattr(Wire, "exchange", lost)
