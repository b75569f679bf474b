"""Without Pub/Sub there are no hints: the poll alone brings every change within two seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

WITHIN_S = 2.0


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        pytest.param({"rename-command": 'SUBSCRIBE ""'}, "switched off", id="switched off"),
        pytest.param({}, "killed all the time", id="killed all the time"),
    ],
)
async def test_every_change_reaches_every_sdk_without_hints(
    length: Callable[[float, float], float],
    tell: Callable[..., None],
    settings: dict[str, str],
    what: str,
) -> None:
    """Changes are made through one server; the SDKs are on the other one."""
    with Redis(**settings) as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare("production", ["a"])
            sdks = Sdks(servers.sites[1].url, token, ["a"], clients=10)
            await sdks.converged(servers, "production")
            killing = asyncio.create_task(kill_subscriptions(redis))
            made: dict[int, float] = {}
            for number in range(1, int(length(6, 100))):
                body = {"command": "ramp", "key": "a", "percent": number / 10}
                answer = await servers.post("/api/v1/environments/production/changes", body, 200)
                made[answer["version"]] = time.monotonic()
                await asyncio.sleep(0.7)  # across the poll's second, at every place in it
            await sdks.converged(servers, "production")
            arrivals = await sdks.arrivals()
            killing.cancel()
            sdks.close()

    # A change that came together with the next one was seen at the next one's version.
    took = [
        min(at for seen, at in one.items() if seen >= version) - begun
        for version, begun in made.items()
        for one in arrivals
    ]
    tell(pubsub=what, changes=len(made), clients=len(arrivals), slowest_s=max(took))
    assert max(took) < WITHIN_S


async def kill_subscriptions(redis: Redis) -> None:
    while True:
        redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
        await asyncio.sleep(0.02)
