"""Redis is away for a while, under load, and servers restart and SDKs start cold meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
from tests.chaos.conftest import AFTER_THE_LAST_WRITE_S, Tell
from tests.chaos.sdks import fleet
from tests.chaos.servers import Servers, eventually
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

FLAGS = [f"flag-{number}" for number in range(8)]

WRITE_ANSWERS_WITHIN_S = 1.0
A_BUSY_MACHINE_S = 4.0


@pytest.mark.parametrize("fault", ["killed", "stopped"])
async def test_flags_are_served_while_redis_is_away(
    seed: int, length: Callable[[float, float], float], tell: Tell, fault: str
) -> None:
    """Writes are refused at once with the reason; everything else goes on; nobody has to help."""
    with Redis() as redis:
        async with fleet(redis.url, FLAGS) as (servers, sdks):
            await eventually(lambda: mirrored(servers), "the mirror to be written")
            async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
                redis.kill() if fault == "killed" else redis.stop()
                refusal, took_s = await refused(servers)
                servers.sites[0].kill()
                servers.sites[0].start()
                sdks.start_another()
                restart_s = await servers.ready()
                cold_s = await sdks.connected()
                await asyncio.sleep(length(1, 60))
                await asyncio.to_thread(redis.start if fault == "killed" else redis.go_on)
                back_s = await eventually(lambda: written(servers), "writes to go on")
            converged_s = await sdks.converged(servers)
            found = await losses(redis.url, ledger)
            seen = await sdks.look()

    tell(found, ledger, seen, redis=fault, refused_after_s=took_s, restart_s=restart_s,
         sdks_connected_s=cold_s, writes_again_s=back_s,
         all_alike_after_the_last_write_s=converged_s)  # fmt: skip
    assert refusal.status_code == 503
    assert "Redis" in refusal.json()["detail"]
    assert took_s < WRITE_ANSWERS_WITHIN_S + A_BUSY_MACHINE_S
    assert [] == found.of_any_kind
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert converged_s < AFTER_THE_LAST_WRITE_S


async def mirrored(servers: Servers) -> bool:
    return all(site.mirrored(suffix) for site in servers.sites for suffix in ("mirror", "tokens"))


async def refused(servers: Servers) -> tuple[httpx.Response, float]:
    """The first refusal of a write, and how long it took to come."""
    for number in range(1, 100):
        begun = time.monotonic()
        answer = await servers.change("ramp", FLAGS[0], 1, percent=90 + number / 1000)
        if answer.status_code != 200:
            return answer, time.monotonic() - begun
    raise AssertionError("writes go on without Redis")


async def written(servers: Servers) -> bool:
    answer = await servers.change("ramp", FLAGS[1], percent=round(70 + time.monotonic() % 1, 3))
    return answer.status_code == 200
