"""SIGSTOP: a process that is there and does nothing, as on a paused machine."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

FLAGS = [f"flag-{number}" for number in range(8)]


async def test_nothing_is_lost_when_anything_stands_still(
    seed: int, length: Callable[[float, float], float], tell: Callable[..., None]
) -> None:
    """A stopped process keeps what was sent to it and does it later: nothing is done twice."""
    chance = random.Random(seed)
    with Redis() as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            sdks = Sdks(servers.urls, token, FLAGS, clients=10)
            await sdks.converged(servers, "production")
            stops = int(length(4, 200))
            async with Traffic(servers, "production", FLAGS, seed=seed).flowing() as ledger:
                for number in range(stops):
                    await asyncio.sleep(chance.uniform(0.2, 0.6))
                    victim = [redis, *servers.sites][number % 3]
                    victim.stop()
                    await asyncio.sleep(chance.uniform(0.3, 2.0))
                    victim.go_on()
            took_s = await sdks.converged(servers, "production")
            found = await losses(redis.url, "production", ledger)
            seen = await sdks.look()
            sdks.close()

    tell(stops=stops, acknowledged=len(ledger.acknowledged), lost=len(found.lost),
         twice=len(found.twice), gaps=len(found.gaps), converged_s=took_s,
         longest_outage_s=ledger.longest_outage_s(), older=sum(s.older for s in seen),
         emptied=sum(s.emptied for s in seen))  # fmt: skip
    assert ([], [], [], []) == (found.lost, found.at_risk, found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
