"""Is a Redis fit? Each refusal is one line that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.false_redis import bulk
from tests.redis_servers import Cluster, Redis

from flaghoist_server.store.port import StoreError
from flaghoist_server.store.redis.check import Fitness, examine
from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.target import read_url

Start = Callable[[Any], Any]


def telling(version: str) -> Callable[[list[bytes]], bytes]:
    """Answers of a server of this version that keeps its CONFIG to itself."""
    info = f"redis_version:{version}\r\nrole:master\r\naof_enabled:1\r\n"
    replies = {b"INFO": bulk(info), b"PING": b"+PONG\r\n"}
    return lambda command: replies.get(command[0], b"-ERR unknown command\r\n")


async def examined(url: str) -> Fitness:
    line = Line(read_url(url))
    try:
        return await examine(line)
    finally:
        line.close()


async def refused(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        await examined(url)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_a_redis_that_syncs_always_is_durable(redis: Redis) -> None:
    """Acknowledged is on disk; there is nothing to warn of."""
    assert Fitness(durable=True) == await examined(redis.url)


async def test_a_redis_that_syncs_every_second_is_used_with_a_warning() -> None:
    """It may lose what it acknowledged, so changes are answered as not durable."""
    with Redis(appendfsync="everysec") as server:
        fitness = await examined(server.url)

    assert not fitness.durable
    assert "set `appendfsync always`" in fitness.warnings[0]


async def test_a_redis_that_forgets_is_refused_unless_allowed() -> None:
    """Without an append-only file a restart loses every change."""
    with Redis(appendonly="no") as server:
        said = await refused(server.url)
        allowed = await examined(server.url + "?allow_volatile=1")

    assert "appendonly yes" in said
    assert "?allow_volatile=1" in said
    assert allowed.durable
    assert "forgets everything" in allowed.warnings[0]


async def test_a_redis_that_evicts_is_refused() -> None:
    """A full cache would drop flags."""
    settings = {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}
    with Redis(**settings) as server:
        said = await refused(server.url)

    assert "evicts keys when its memory is full (allkeys-lru)" in said
    assert "maxmemory-policy noeviction" in said


async def test_a_replica_is_refused_by_the_name_of_its_primary(redis: Redis) -> None:
    """It cannot be written to."""
    with Redis(replicaof=f"127.0.0.1 {redis.port}") as replica:
        said = await refused(replica.url)

    assert f"is a replica of 127.0.0.1:{redis.port}" in said
    assert "redis+sentinel://" in said


async def test_a_wrong_password_and_none_are_told_apart() -> None:
    """Neither the one that was tried nor the right one is shown."""
    with Redis(requirepass="canary1") as server:
        wrong = await refused(f"redis://:canary2@127.0.0.1:{server.port}")
        none = await refused(server.url)

    assert "refuses the user name or password" in wrong
    assert "wants a password" in none
    assert "canary" not in wrong + none


async def test_a_user_without_rights_is_told_which() -> None:
    """ACLs are how a shared Redis is divided."""
    with Redis() as server:
        server.ask("ACL", "SETUSER", "app", "on", ">secret", "~fh:*", "+ping")
        said = await refused(f"redis://app:secret@127.0.0.1:{server.port}")

    assert "ACL SETUSER" in said


async def test_a_cluster_is_refused_under_another_scheme() -> None:
    """Keys would be in other nodes."""
    with Cluster() as cluster:
        said = await refused(cluster.nodes[0].url)
        fitness = await examined(cluster.url)

    assert "redis+cluster://" in said
    assert fitness.durable


async def test_missing_replicas_are_a_warning(redis: Redis) -> None:
    """A change would wait in vain; that is told before the first one does."""
    fitness = await examined(redis.url + "?wait_replicas=2")

    assert "has 0 replicas and changes wait for 2" in fitness.warnings[0]


@pytest.mark.parametrize(
    ("version", "options", "said"),
    [
        pytest.param("5.0.7", "", "is version 5.0.7; 6.2 or newer is needed", id="too old"),
        pytest.param("7.0.15", "?wait_aof=1", "wait_aof needs Redis 7.2", id="for WAITAOF"),
    ],
)
async def test_an_old_redis_is_refused_by_its_version(
    false_redis: Start, version: str, options: str, said: str
) -> None:
    """6.2 is the oldest, and WAITAOF came with 7.2."""
    server = await false_redis(telling(version))

    assert said in await refused(server.url + options)


async def test_protected_mode_is_refused_with_the_way_out(false_redis: Start) -> None:
    """What a Redis without password says to another machine."""
    server = await false_redis(b"-DENIED Redis is running in protected mode because ...\r\n")

    assert "in protected mode: give it a password" in await refused(server.url)


async def test_a_redis_that_hides_its_settings_is_trusted_with_a_warning(
    false_redis: Start,
) -> None:
    """Managed ones have renamed or forbidden CONFIG."""
    server = await false_redis(telling("7.2.4"))

    fitness = await examined(server.url)

    assert fitness.durable
    assert "does not tell its settings" in fitness.warnings[0]


async def test_a_slow_redis_is_refused(false_redis: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that needs longer for a PONG than a write may take cannot keep flags."""
    monkeypatch.setattr("flaghoist_server.store.redis.check.SLOWEST_S", 1e-9)
    server = await false_redis(telling("7.2.4"))

    assert "ms to answer PING" in await refused(server.url)


async def test_a_redis_that_hangs_is_unreachable(false_redis: Start) -> None:
    """It accepts connections and says nothing."""
    server = await false_redis(None)

    async with asyncio.timeout(10):
        assert "does not answer in time" in await refused(server.url)
