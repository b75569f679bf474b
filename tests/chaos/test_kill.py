"""`kill -9` of servers and of Redis, over and over, while writers write."""

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


async def test_nothing_acknowledged_is_lost_when_anything_is_killed(
    seed: int, length: Callable[[float, float], float], tell: Callable[..., None]
) -> None:
    """Two servers, one Redis; each is killed and started again in turn."""
    chance = random.Random(seed)
    with Redis() as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            sdks = Sdks(servers.urls, token, FLAGS, clients=10, processes=2)
            await sdks.converged(servers, "production")
            kills = int(length(6, 300))
            async with Traffic(servers, "production", FLAGS, seed=seed).flowing() as ledger:
                for _ in range(kills):
                    await asyncio.sleep(chance.uniform(0.2, 0.8))
                    victim = chance.choice([*servers.sites, redis])
                    victim.kill()
                    await asyncio.sleep(chance.uniform(0.0, 0.6))
                    await asyncio.to_thread(victim.start)
                await servers.ready()
            took_s = await sdks.converged(servers, "production")
            found = await losses(redis.url, "production", ledger)
            seen = await sdks.look()
            sdks.close()

    tell(kills=kills, acknowledged=len(ledger.acknowledged), lost=len(found.lost),
         twice=len(found.twice), gaps=len(found.gaps), unanswered=len(ledger.unknown),
         converged_s=took_s, longest_outage_s=ledger.longest_outage_s())  # fmt: skip
    tell(sdk_looks=sum(s.looks for s in seen), older=sum(s.older for s in seen),
         emptied=sum(s.emptied for s in seen))  # fmt: skip
    assert ([], [], [], []) == (found.lost, found.at_risk, found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert len(ledger.acknowledged) > 10 * kills
