"""A real Redis for the room's tests, and a false one for what a real one cannot be made to say."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import hiredis
import pytest
from tests.redis_servers import Redis

from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.target import Address, read_url

_numbers = itertools.count()

Answer = Callable[[list[bytes]], bytes | None] | bytes | None
"""What to reply to a command, or to all; None: nothing, ever."""


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


class FalseRedis:
    """A server that answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[list[bytes]] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = Address(*self._server.sockets[0].getsockname())

    async def close(self) -> None:
        self.drop()
        self._server.close()
        await self._server.wait_closed()

    def drop(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    @property
    def url(self) -> str:
        return f"redis://{self.address}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        parser = hiredis.Reader()
        while data := await reader.read(1 << 16):
            parser.feed(data)
            while (command := parser.gets()) is not False:
                self.asked.append(command)
                reply = self.answer(command) if callable(self.answer) else self.answer
                if reply is not None:
                    writer.write(reply)
        writer.close()


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


def bulk(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return b"$%d\r\n%s\r\n" % (len(data), data)


def array(items: Sequence[bytes]) -> bytes:
    return b"*%d\r\n%s" % (len(items), b"".join(items))
