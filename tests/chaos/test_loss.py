"""A store that is wiped, or was put back from yesterday's backup, empties nobody's flags."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers, eventually
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

FLAGS = [f"flag-{number}" for number in range(20)]


async def ramp(servers: Servers, key: str, percent: float) -> int:
    """Make a change; its version."""
    body = {"command": "ramp", "key": key, "percent": percent}
    answer = await servers.post("/api/v1/environments/production/changes", body, 200)
    return int(answer["version"])


async def unready_because(servers: Servers, site: int) -> str:
    answer = await servers.admin.get(f"{servers.sites[site].url}/readyz")
    return str(answer.json().get("because", ""))


async def test_a_wiped_store_empties_nobody_and_is_seeded_anew(tell: Callable[..., None]) -> None:
    """FLUSHALL under SDKs that run and SDKs that start cold; `recover` puts everything back."""
    with Redis() as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            version = await ramp(servers, FLAGS[0], 33)
            sdks = Sdks(servers.urls, token, FLAGS, clients=20, processes=2)
            await sdks.converged(servers, "production")

            redis.ask("FLUSHALL")
            held_s = await eventually(lambda: held(servers), "both servers to hold")
            because = await unready_because(servers, 0)
            sdks.start_another()
            await eventually(lambda: all_connected(sdks), "cold SDKs to be served")
            refused = await servers.admin.post(
                servers.sites[0].url + "/api/v1/environments/production/changes",
                json={"command": "kill", "key": FLAGS[1]},
            )
            await servers.post("/api/v1/recover", {}, 200)
            ready_s = await servers.ready()
            took_s = await sdks.converged(servers, "production")
            position = (await servers.positions("production"))[0]
            changed = await ramp(servers, FLAGS[0], 44)
            await sdks.converged(servers, "production")
            seen = await sdks.look()
            sdks.close()

    tell(clients=len(seen), emptied=sum(s.emptied for s in seen), noticed_s=held_s,
         ready_after_recover_s=ready_s, converged_s=took_s)  # fmt: skip
    assert 0 == sum(s.emptied for s in seen)
    assert "flaghoist recover" in because
    assert refused.status_code == 503
    assert position[1] > version
    assert changed == position[1] + 1


async def held(servers: Servers) -> bool:
    return all([await unready_because(servers, site) for site in (0, 1)])


async def all_connected(sdks: Sdks) -> bool:
    return all(one.connected and one.version for one in await sdks.look())


async def test_yesterdays_backup_is_another_epoch_and_is_pushed_once(
    tell: Callable[..., None], tmp_path: Path
) -> None:
    """The files of a day ago under running servers: what is lost is listed, and can be put back."""
    with Redis() as redis:
        async with Servers(redis.url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            await ramp(servers, FLAGS[0], 10)
            backup = tmp_path / "backup"
            await asyncio.to_thread(shutil.copytree, redis.directory / "appendonlydir", backup)
            for number, key in enumerate(FLAGS):
                version = await ramp(servers, key, 20 + number)
            sdks = Sdks(servers.urls, token, FLAGS, clients=50, processes=2)
            await sdks.converged(servers, "production")
            epoch = (await servers.positions("production"))[0][0]

            redis.kill()
            shutil.rmtree(redis.directory / "appendonlydir")
            shutil.copytree(backup, redis.directory / "appendonlydir")
            await asyncio.to_thread(redis.start)
            noticed_s = await eventually(lambda: another(servers, epoch), "another epoch")
            took_s = await sdks.converged(servers, "production")
            position = (await servers.positions("production"))[0]
            seen = await sdks.look()
            sdks.close()

    tell(clients=len(seen), emptied=sum(s.emptied for s in seen), noticed_s=noticed_s,
         converged_s=took_s, resyncs=sum(s.epochs for s in seen))  # fmt: skip
    assert position[0] != epoch
    assert position[1] > version
    assert 0 == sum(s.emptied for s in seen)
    assert len(seen) == sum(s.epochs for s in seen)


async def another(servers: Servers, epoch: str) -> bool:
    return epoch not in {one for one, _ in await servers.positions("production")}
