"""`kill -9` of servers and of Redis, over and over, while writers write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from tests.chaos.conftest import AFTER_THE_LAST_WRITE_S, Tell
from tests.chaos.sdks import fleet
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

FLAGS = [f"flag-{number}" for number in range(8)]


async def test_nothing_acknowledged_is_lost_when_anything_is_killed(
    seed: int, length: Callable[[float, float], float], tell: Tell
) -> None:
    """Two servers, one Redis; each is killed and started again in turn."""
    chance = random.Random(seed)
    kills = int(length(4, 300))
    with Redis() as redis:
        async with fleet(redis.url, FLAGS, processes=2) as (servers, sdks):
            async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
                for _ in range(kills):
                    await asyncio.sleep(chance.uniform(0.2, 0.8))
                    victim = chance.choice([*servers.sites, redis])
                    victim.kill()
                    await asyncio.sleep(chance.uniform(0.0, 0.6))
                    await asyncio.to_thread(victim.start)
                await servers.ready()
                reconnected_s = await sdks.connected()
            took_s = await sdks.converged(servers)
            found = await losses(redis.url, ledger)
            seen = await sdks.look()

    tell(found, ledger, seen, kills=kills, connected_again_s=reconnected_s,
         all_alike_after_the_last_write_s=took_s)  # fmt: skip
    assert [] == found.of_any_kind
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert took_s < AFTER_THE_LAST_WRITE_S
    assert len(ledger.acknowledged) > 10 * kills
