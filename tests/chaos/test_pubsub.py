"""Without Pub/Sub there are no hints: the poll alone brings every change within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.chaos.conftest import Tell
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

WITHIN_S = 2.0
A_BUSY_MACHINE_S = 8.0
BEFORE_THE_NEXT_S = 0.35
"""No part of the poll's second, so that changes fall on every place in it."""


@contextlib.asynccontextmanager
async def switched_off(redis: Redis) -> AsyncIterator[None]:
    """No server may subscribe to anything, nor is told that it may not hear."""
    redis.ask("ACL", "SETUSER", "default", "resetchannels")
    redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
    yield


@contextlib.asynccontextmanager
async def killed_all_the_time(redis: Redis) -> AsyncIterator[None]:
    """Subscriptions are made, and are gone again."""

    async def kill() -> None:
        while True:
            redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(0.02)

    killing = asyncio.create_task(kill())
    yield
    killing.cancel()


@pytest.mark.parametrize("fault", [switched_off, killed_all_the_time])
async def test_every_change_reaches_every_sdk_without_hints(
    length: Callable[[float, float], float],
    tell: Tell,
    fault: Callable[[Redis], contextlib.AbstractAsyncContextManager[None]],
) -> None:
    """Changes are made through one server; the SDKs are on the other one."""
    made: dict[int, float] = {}
    with Redis() as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare(["a"])
            with Sdks(servers.sites[1].url, token, ["a"], clients=10) as sdks:
                await sdks.converged(servers)
                async with fault(redis):
                    for number in range(1, int(length(8, 300))):
                        version = (await servers.ramp("a", number / 10))["version"]
                        made[version] = time.monotonic()
                        await asyncio.sleep(BEFORE_THE_NEXT_S)
                    await sdks.converged(servers)
                arrivals = await sdks.arrivals()

    # A change that came together with the next one was seen at the next one's version.
    took = [
        min(at for seen, at in one.items() if seen >= version) - begun
        for version, begun in made.items()
        for one in arrivals
    ]
    tell(pubsub=fault.__name__, changes=len(made), clients=len(arrivals),
         median_s=statistics.median(took), slowest_s=max(took))  # fmt: skip
    assert statistics.median(took) < WITHIN_S
    assert max(took) < WITHIN_S + A_BUSY_MACHINE_S
