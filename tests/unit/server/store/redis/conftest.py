"""A real Redis for the room's tests, and a false one for what a real one cannot be made to say."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from tests.false_redis import Answer, FalseRedis
from tests.redis_servers import Redis

from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.target import read_url

_numbers = itertools.count()


@pytest.fixture(scope="package")
def redis() -> Iterator[Redis]:
    """One server for the package; a test has a prefix of its own."""
    with Redis() as server:
        yield server


@pytest.fixture
def redis_url(redis: Redis) -> str:
    return f"{redis.url}?prefix=t{next(_numbers)}"


@pytest.fixture
async def line(redis_url: str) -> AsyncIterator[Line]:
    line = Line(read_url(redis_url))
    yield line
    line.close()


@pytest.fixture
async def false_redis() -> AsyncIterator[Callable[[Answer], object]]:
    """Start a false server: `await false_redis(answer)`."""
    running: list[FalseRedis] = []

    async def start(answer: Answer) -> FalseRedis:
        server = FalseRedis(answer)
        await server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        await server.close()
