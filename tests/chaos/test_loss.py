"""A store that is wiped, or was put back from yesterday's backup, empties nobody's flags."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.chaos.conftest import AFTER_THE_LAST_WRITE_S, Tell
from tests.chaos.sdks import fleet
from tests.chaos.servers import Servers, eventually
from tests.redis_servers import Redis

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

FLAGS = [f"flag-{number}" for number in range(20)]


async def test_a_wiped_store_empties_nobody_and_is_seeded_anew(tell: Tell) -> None:
    """FLUSHALL under SDKs that run and SDKs that start cold; `recover` puts everything back."""
    with Redis() as redis:
        async with fleet(redis.url, FLAGS, clients=50, processes=2) as (servers, sdks):
            known = (await servers.ramp(FLAGS[0], 33))["version"]
            await sdks.converged(servers)

            redis.ask("FLUSHALL")
            noticed_s = await eventually(lambda: held(servers), "both servers to hold")
            because = await servers.unready_because(0)
            sdks.start_another()
            cold_s = await sdks.connected()
            refused = await servers.change("kill", FLAGS[1])
            await servers.post("/api/v1/recover", {}, 200)
            ready_s = await servers.ready()
            took_s = await sdks.converged(servers)
            recovered = (await servers.positions())[0][1]
            next_one = (await servers.ramp(FLAGS[0], 44))["version"]
            await sdks.converged(servers)
            seen = await sdks.look()

    tell(clients=len(seen), emptied=sum(s.emptied for s in seen), noticed_s=noticed_s,
         cold_start_s=cold_s, ready_after_recover_s=ready_s, all_alike_s=took_s)  # fmt: skip
    assert 0 == sum(s.emptied for s in seen)
    assert "flaghoist recover" in because
    assert refused.status_code == 503
    assert (recovered > known, next_one) == (True, recovered + 1)


async def held(servers: Servers) -> bool:
    return all([await servers.unready_because(site) for site in (0, 1)])


async def test_an_empty_redis_behind_a_server_that_starts_is_no_reason_to_forget(
    tell: Tell,
) -> None:
    """It was wiped while the server was down: the mirror knows better."""
    with Redis() as redis:
        async with fleet(redis.url, FLAGS, servers=1) as (servers, sdks):
            await eventually(lambda: mirrored(servers), "the mirror to be written")
            servers.sites[0].kill()
            redis.ask("FLUSHALL")
            servers.sites[0].start()
            await eventually(lambda: asked(servers), "the server to answer")
            because = await servers.unready_because(0)
            await sdks.connected()
            seen = await sdks.look()

    tell(clients=len(seen), emptied=sum(s.emptied for s in seen))
    assert 0 == sum(s.emptied for s in seen)
    assert "flaghoist recover" in because


async def mirrored(servers: Servers) -> bool:
    return all(servers.sites[0].mirrored(suffix) for suffix in ("mirror", "tokens"))


async def asked(servers: Servers) -> bool:
    return "recover" in await servers.unready_because(0)


async def test_yesterdays_backup_is_another_epoch_and_is_pushed_once(
    tell: Tell, tmp_path: Path
) -> None:
    """The files of a day ago under running servers: what is lost is listed, and can be put back."""
    with Redis() as redis:
        async with fleet(redis.url, FLAGS, clients=50, processes=2) as (servers, sdks):
            await servers.ramp(FLAGS[0], 10)
            backup = tmp_path / "backup"
            await asyncio.to_thread(shutil.copytree, redis.directory / "appendonlydir", backup)
            for number, key in enumerate(FLAGS):
                version = (await servers.ramp(key, 20 + number))["version"]
            await sdks.converged(servers)
            epoch = (await servers.positions())[0][0]

            redis.kill()
            shutil.rmtree(redis.directory / "appendonlydir")
            shutil.copytree(backup, redis.directory / "appendonlydir")
            await asyncio.to_thread(redis.start)
            noticed_s = await eventually(lambda: another(servers, epoch), "another epoch")
            took_s = await sdks.converged(servers)
            position = (await servers.positions())[0]
            at_risk = await lost_flags(servers)
            seen = await sdks.look()
            put_back = await servers.post("/api/v1/recover", {}, 200, await who_knows(servers))
            await sdks.converged(servers)

    tell(clients=len(seen), emptied=sum(s.emptied for s in seen), noticed_s=noticed_s,
         all_alike_s=took_s, resyncs=sum(s.epochs for s in seen), listed=len(at_risk),
         put_back=len(put_back["recovered"][0]["flags"]))  # fmt: skip
    assert (True, True) == (position[0] != epoch, position[1] > version)
    assert (0, len(seen)) == (sum(s.emptied for s in seen), sum(s.epochs for s in seen))
    assert took_s < AFTER_THE_LAST_WRITE_S
    assert set(FLAGS) == at_risk == set(put_back["recovered"][0]["flags"])


async def another(servers: Servers, epoch: str) -> bool:
    return epoch not in {one for one, _ in await servers.positions()}


async def lost_flags(servers: Servers) -> set[str]:
    """The flags of lost entries, as the server says that knows of them."""
    told = await servers.get("/api/v1/recover", await who_knows(servers))
    return {key for loss in told["lost"] for change in loss["changes"] for key in change["flags"]}


async def who_knows(servers: Servers) -> int:
    """Both had everything, so that either may have found the loss first."""
    for site in (0, 1):
        if (await servers.get("/api/v1/recover", site))["lost"]:
            return site
    raise AssertionError("no server has listed what was lost")
