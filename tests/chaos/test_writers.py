"""Fifty writers at once on three servers: each change is made once, and none in another's place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis

from flaghoist_server.store.open import open_store

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

FLAGS = [f"flag-{number}" for number in range(50)]


async def test_fifty_writers_lose_no_update(
    seed: int, length: Callable[[float, float], float], tell: Callable[..., None]
) -> None:
    """Every write is answered, is in the log once, and the last one of each flag stands."""
    each = int(length(8, 200))
    with Redis() as redis:
        async with Servers(redis.url, 3) as servers:
            token = await servers.prepare("production", FLAGS)
            sdks = Sdks(servers.urls, token, FLAGS, clients=10)
            traffic = Traffic(servers, "production", FLAGS, seed=seed, pause_s=0.0, writes=each)
            ledger = await traffic.write()
            took_s = await sdks.converged(servers, "production")
            found = await losses(redis.url, "production", ledger)
            last = await last_reasons(redis.url)
            sdks.close()

    took = sorted(one.took_s for one in ledger.acknowledged)
    tell(writers=len(FLAGS), writes=len(ledger.acknowledged), lost=len(found.lost),
         twice=len(found.twice), gaps=len(found.gaps), refused=dict(ledger.refused),
         median_s=took[len(took) // 2], slowest_s=took[-1], converged_s=took_s)  # fmt: skip
    assert len(FLAGS) * each == len(ledger.acknowledged)
    assert ([], [], [], []) == (found.lost, found.at_risk, found.twice, found.gaps)
    assert {key: f"{key}#{each}" for key in FLAGS} == last
    versions = [one.epoch_version for one in ledger.acknowledged]
    assert len(versions) == len(set(versions))


async def last_reasons(url: str) -> dict[str, str]:
    """For each flag, the reason of the change that stands."""
    store = open_store(url)
    await store.start()
    state = await store.load("production")
    await store.close()
    assert state is not None
    return {key: flag.reason for key, flag in state.flags.items()}
