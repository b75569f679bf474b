"""`flaghoist serve` on a Redis that cannot keep flags: one line that says what to do, exit 1."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from tests.false_redis import FalseRedis, bulk
from tests.redis_servers import Redis, free_port

ENDS_WITHIN_S = 60.0  # a wait of one second for a store that is away, and a busy machine


async def served(url: str) -> tuple[int, str]:
    """The exit code of the command and what it had to say."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flaghoist_server.cli.main", "serve", "--port", "0"),
        *("--store", url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(command.communicate(), ENDS_WITHIN_S)
    finally:
        if command.returncode is None:
            command.kill()
            await command.wait()
    return command.returncode or 0, said.decode()


@asynccontextmanager
async def replica() -> AsyncIterator[str]:
    with Redis() as primary, Redis(replicaof=f"127.0.0.1 {primary.port}") as server:
        yield server.url


@asynccontextmanager
async def forgets() -> AsyncIterator[str]:
    with Redis(appendonly="no") as server:
        yield server.url


@asynccontextmanager
async def evicts() -> AsyncIterator[str]:
    with Redis(**{"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}) as server:
        yield server.url


@asynccontextmanager
async def other_password() -> AsyncIterator[str]:
    with Redis(requirepass="right") as server:
        yield f"redis://:canary@127.0.0.1:{server.port}"


@asynccontextmanager
async def nobody_there() -> AsyncIterator[str]:
    yield f"redis://127.0.0.1:{free_port()}"


@asynccontextmanager
async def stands_still() -> AsyncIterator[str]:
    with Redis() as server:
        server.stop()
        yield server.url
        server.go_on()


@asynccontextmanager
async def false(server: FalseRedis) -> AsyncIterator[str]:
    await server.start()
    yield server.url
    await server.close()


def too_old() -> AbstractAsyncContextManager[str]:
    return false(FalseRedis(_telling("5.0.7")))


def slow() -> AbstractAsyncContextManager[str]:
    return false(FalseRedis(_telling("7.2.4"), after_s=0.3))


def _telling(version: str) -> Callable[[list[bytes]], bytes]:
    info = f"redis_version:{version}\r\nrole:master\r\naof_enabled:1\r\n"
    replies = {b"INFO": bulk(info), b"PING": b"+PONG\r\n"}
    return lambda command: replies.get(command[0], b"-ERR unknown command\r\n")


@pytest.mark.parametrize(
    ("unfit", "said"),
    [
        (replica, "is a replica of 127.0.0.1"),
        (forgets, "set `appendonly yes`"),
        (evicts, "set `maxmemory-policy noeviction`"),
        (other_password, "refuses the user name or password"),
        (nobody_there, "is it running there?"),
        (stands_still, "does not answer in time"),
        (too_old, "is version 5.0.7; 6.2 or newer is needed"),
        (slow, "ms to answer PING"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_it_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
    unfit: Callable[[], AbstractAsyncContextManager[str]],
    said: str,
) -> None:
    """Before any traffic comes, and without the password that was tried."""
    monkeypatch.setenv("FLAGHOIST_STORE_WAIT_SECONDS", "1")
    async with unfit() as url:
        code, line = await served(url)

    assert 1 == code
    assert line.startswith("flaghoist: Redis at 127.0.0.1:") or "redis://127.0.0.1:" in line
    assert said in line
    assert 1 == line.count("\n")
    assert "canary" not in line
