"""Fifty writers at once on three servers: each change is made once, and none in another's place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.chaos.conftest import AFTER_THE_LAST_WRITE_S, Tell
from tests.chaos.sdks import fleet
from tests.chaos.servers import ENVIRONMENT
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis

from flaghoist_server.store.open import open_store

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

FLAGS = [f"flag-{number}" for number in range(50)]


async def test_fifty_writers_lose_no_update(
    seed: int, length: Callable[[float, float], float], tell: Tell
) -> None:
    """Every write is answered, is in the log once, and the last one of each flag stands."""
    each = int(length(5, 200))
    with Redis() as redis:
        async with fleet(redis.url, FLAGS, servers=3) as (servers, sdks):
            ledger = await Traffic(servers, FLAGS, seed=seed, pause_s=0.0, writes=each).write()
            took_s = await sdks.converged(servers)
            found = await losses(redis.url, ledger)
            seen = await sdks.look()
            last = await last_reasons(redis.url)

    took = sorted(one.took_s for one in ledger.acknowledged)
    tell(found, ledger, seen, writers=len(FLAGS), median_s=took[len(took) // 2],
         slowest_s=took[-1], all_alike_after_the_last_write_s=took_s)  # fmt: skip
    versions = [one.version for one in ledger.acknowledged]
    assert len(FLAGS) * each == len(versions) == len(set(versions))
    assert [] == found.of_any_kind
    assert {key: f"{key}#{each}" for key in FLAGS} == last
    assert took_s < AFTER_THE_LAST_WRITE_S


async def last_reasons(url: str) -> dict[str, str]:
    """For each flag, the reason of the change that stands."""
    store = open_store(url)
    await store.start()
    state = await store.load(ENVIRONMENT)
    await store.close()
    assert state is not None
    return {key: flag.reason for key, flag in state.flags.items()}
