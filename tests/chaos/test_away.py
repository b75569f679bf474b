"""Redis is away for a while, under load, and servers restart and SDKs start cold meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers, eventually
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

FLAGS = [f"flag-{number}" for number in range(8)]

WRITE_ANSWERS_WITHIN_S = 1.0
A_BUSY_MACHINE_S = 1.0


@pytest.mark.parametrize("fault", ["killed", "stopped"])
async def test_flags_are_served_while_redis_is_away(
    seed: int, length: Callable[[float, float], float], tell: Callable[..., None], fault: str
) -> None:
    """Writes are refused at once with the reason; everything else goes on; nobody has to help."""
    with Redis() as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            sdks = Sdks(servers.urls, token, FLAGS, clients=10)
            await sdks.converged(servers, "production")
            await asyncio.sleep(1.0)  # the mirrors are written half a second after a change

            async with Traffic(servers, "production", FLAGS, seed=seed).flowing() as ledger:
                redis.kill() if fault == "killed" else redis.stop()
                refusal, took_s = await refused(servers)
                servers.sites[0].kill()
                servers.sites[0].start()
                sdks.start_another()
                await servers.ready()
                cold_s = await eventually(lambda: cold_served(sdks), "cold SDKs to be served")
                await asyncio.sleep(length(3, 60))
                if fault == "killed":
                    await asyncio.to_thread(redis.start)
                else:
                    redis.go_on()
                back_s = await eventually(lambda: written(servers), "writes to go on")
            converged_s = await sdks.converged(servers, "production")
            found = await losses(redis.url, "production", ledger)
            seen = await sdks.look()
            sdks.close()

    tell(redis=fault, refused_after_s=took_s, cold_start_s=cold_s, writes_again_s=back_s,
         converged_s=converged_s, lost=len(found.lost), twice=len(found.twice),
         emptied=sum(s.emptied for s in seen), older=sum(s.older for s in seen))  # fmt: skip
    assert refusal.status_code == 503
    assert "Redis" in refusal.json()["detail"]
    assert took_s < WRITE_ANSWERS_WITHIN_S + A_BUSY_MACHINE_S
    assert ([], [], []) == (found.lost, found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))


async def refused(servers: Servers) -> tuple[httpx.Response, float]:
    """The first refusal of a write, and how long it took to come."""
    address = f"{servers.sites[1].url}/api/v1/environments/production/changes"
    for number in range(1, 100):
        begun = time.monotonic()
        body = {"command": "ramp", "key": FLAGS[0], "percent": 90 + number / 1000}
        answer = await servers.admin.post(address, json=body)
        if answer.status_code != 200:
            return answer, time.monotonic() - begun
    raise AssertionError("writes go on without Redis")


async def cold_served(sdks: Sdks) -> bool:
    return all(one.connected and one.version for one in await sdks.look())


async def written(servers: Servers) -> bool:
    body = {"command": "ramp", "key": FLAGS[1], "percent": 70 + time.monotonic() % 1}
    address = f"{servers.sites[0].url}/api/v1/environments/production/changes"
    return (await servers.admin.post(address, json=body)).status_code == 200
