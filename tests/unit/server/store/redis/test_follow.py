"""Hints: heard while they can be, and heard again after every fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.false_redis import array, bulk
from tests.redis_servers import Redis

from flaghoist_server.store.redis.follow import Follower
from flaghoist_server.store.redis.target import read_url

DEADLINE_S = 15.0


@asynccontextmanager
async def following(url: str) -> AsyncIterator[list[str]]:
    """What a follower of channel `c` has heard so far."""
    follower = Follower(read_url(url), "c")
    heard: list[str] = []

    async def listen() -> None:
        async for name in follower.names():
            heard.append(name)  # noqa: PERF401  # looked at while it grows

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        follower.close()
        async with asyncio.timeout(DEADLINE_S):
            await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():
            await asyncio.sleep(0.01)


def listeners(redis: Redis) -> int:
    return int(redis.ask("PUBSUB", "NUMSUB", "c")[1])


async def test_what_is_published_is_heard_in_order() -> None:
    """One name for each message."""
    with Redis() as redis:
        async with following(redis.url) as heard:
            await until(lambda: listeners(redis) == 1)
            for name in ("a", "b", ""):
                redis.ask("PUBLISH", "c", name)
            await until(lambda: len(heard) == 3)

    assert ["a", "b", ""] == heard


async def test_a_cut_connection_is_made_anew() -> None:
    """CLIENT KILL is what an operator, or a full output buffer, does to a subscriber."""
    with Redis() as redis:
        async with following(redis.url) as heard:
            await until(lambda: listeners(redis) == 1)
            redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await until(lambda: redis.ask("PUBLISH", "c", "again") == 1)
            await until(lambda: heard == ["again"])


async def test_a_half_open_connection_is_noticed(
    false_redis: Callable[[object], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing closes it: only the PING that is not answered tells."""
    monkeypatch.setattr("flaghoist_server.store.redis.follow.SILENCE_S", 0.02)
    deaf = await false_redis(None)

    async with following(deaf.url):
        await until(lambda: deaf.connections >= 3)

    assert [[b"SUBSCRIBE", b"c"], [b"PING"], [b"SUBSCRIBE", b"c"], [b"PING"]] == deaf.asked[:4]


async def test_a_quiet_connection_is_kept(
    false_redis: Callable[[object], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is published for hours, and the PINGs are answered."""
    monkeypatch.setattr("flaghoist_server.store.redis.follow.SILENCE_S", 0.02)
    quiet = await false_redis(array([bulk("pong"), bulk("")]))

    async with following(quiet.url):
        await until(lambda: len(quiet.asked) >= 5)

    assert 1 == quiet.connections


async def test_it_waits_for_a_server_that_is_not_there() -> None:
    """And hears it once it is."""
    redis = Redis()
    async with following(redis.url) as heard:
        with redis:
            await until(lambda: redis.ask("PUBLISH", "c", "there") == 1)
            await until(lambda: heard == ["there"])
