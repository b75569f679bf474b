"""SIGSTOP: a process that is there and does nothing, as on a paused machine."""

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


async def test_nothing_is_lost_when_anything_stands_still(
    seed: int, length: Callable[[float, float], float], tell: Tell
) -> None:
    """A stopped process keeps what was sent to it and does it later: nothing is done twice."""
    chance = random.Random(seed)
    stops = int(length(4, 200))
    with Redis() as redis:
        async with fleet(redis.url, FLAGS) as (servers, sdks):
            async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
                for number in range(stops):
                    await asyncio.sleep(chance.uniform(0.2, 0.6))
                    victim = [redis, *servers.sites][number % 3]
                    victim.stop()
                    await asyncio.sleep(chance.uniform(0.3, 2.0))
                    victim.go_on()
                reconnected_s = await sdks.connected()
            took_s = await sdks.converged(servers)
            found = await losses(redis.url, ledger)
            seen = await sdks.look()

    tell(found, ledger, seen, stops=stops, connected_again_s=reconnected_s,
         all_alike_after_the_last_write_s=took_s)  # fmt: skip
    assert [] == found.of_any_kind
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert took_s < AFTER_THE_LAST_WRITE_S
