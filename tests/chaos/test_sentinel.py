"""A failover to a replica that had not got everything: what was called durable is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.chaos.sdks import Sdks
from tests.chaos.servers import Servers, eventually
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis, Sentinels, until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

FLAGS = [f"flag-{number}" for number in range(8)]


async def test_a_failover_with_stalled_replicas_loses_nothing_durable(
    seed: int, length: Callable[[float, float], float], tell: Callable[..., None]
) -> None:
    """Replicas are stopped and cut off, writes go on, the primary is killed, a replica takes over.

    What was written meanwhile was answered as not durable, and is lost: a new epoch tells.
    """
    with Sentinels() as sentinels:
        url = f"{sentinels.url}?wait_replicas=1&wait_ms=100"
        async with Servers(url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            sdks = Sdks(servers.urls, token, FLAGS, clients=10, processes=2)
            await sdks.converged(servers, "production")
            epochs = {epoch for epoch, _ in await servers.positions("production")}
            async with Traffic(servers, "production", FLAGS, seed=seed).flowing() as ledger:
                for _ in range(int(length(2, 20))):
                    await asyncio.sleep(1.0)
                    await asyncio.to_thread(fail_over, sentinels)
                    await asyncio.sleep(1.0)
            took_s = await sdks.converged(servers, "production")
            epochs |= {epoch for epoch, _ in await servers.positions("production")}
            found = await losses(url, "production", ledger)
            seen = await sdks.look()
            sdks.close()

    tell(acknowledged=len(ledger.acknowledged), durable=len(ledger.durable),
         lost=len(found.lost), lost_of_those_not_durable=len(found.at_risk),
         twice=len(found.twice), gaps=len(found.gaps), epochs=len(epochs),
         longest_outage_s=ledger.longest_outage_s(), converged_s=took_s)  # fmt: skip
    tell(sdk_looks=sum(s.looks for s in seen), older_within_an_epoch=sum(s.older for s in seen),
         emptied=sum(s.emptied for s in seen))  # fmt: skip
    assert [] == found.lost
    assert found.at_risk, "the replicas had everything: nothing was shown"
    assert len(epochs) > 1
    assert ([], []) == (found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))


def fail_over(sentinels: Sentinels) -> None:
    """Lose the tail for certain: what is in a stopped replica's socket would still arrive."""
    primary, replicas = sentinels.primary(), sentinels.replicas()
    for replica in replicas:
        replica.stop()
    primary.ask("CLIENT", "KILL", "TYPE", "replica")
    until(lambda: grown(primary), "writes that no replica has", 30)
    primary.kill()
    for replica in replicas:
        replica.go_on()
    until(lambda: sentinels.primary() is not primary, "another primary", 30)
    primary.start()
    until(lambda: sentinels.primary().followed_by(1), "a replica of the new primary", 30)


def grown(primary: Redis) -> bool:
    """Whether entries have come since the replicas were cut off: ten polls apart."""
    log = "fh:{production}:log"
    before = primary.ask("XLEN", log)
    until(lambda: primary.ask("XLEN", log) >= before + 5, "five writes", 30)
    return True


async def test_writes_go_on_within_seconds_of_a_failover(
    seed: int, length: Callable[[float, float], float], tell: Callable[..., None]
) -> None:
    """Nobody has lagged: nothing is lost, the epoch stays, and the outage is the election's."""
    with Sentinels() as sentinels:
        url = f"{sentinels.url}?wait_replicas=1&wait_ms=200"
        async with Servers(url, 2) as servers:
            token = await servers.prepare("production", FLAGS)
            sdks = Sdks(servers.urls, token, FLAGS, clients=10)
            await sdks.converged(servers, "production")
            epoch = (await servers.positions("production"))[0][0]
            async with Traffic(servers, "production", FLAGS, seed=seed).flowing() as ledger:
                for _ in range(int(length(1, 20))):
                    await asyncio.sleep(1.0)
                    await asyncio.to_thread(kill_primary, sentinels)
            took_s = await sdks.converged(servers, "production")
            found = await losses(url, "production", ledger)
            same = {epoch} == {one for one, _ in await servers.positions("production")}
            await eventually(lambda: durable(servers), "durable answers")
            seen = await sdks.look()
            sdks.close()

    tell(acknowledged=len(ledger.acknowledged), durable=len(ledger.durable), lost=len(found.lost),
         lost_of_those_not_durable=len(found.at_risk), same_epoch=same,
         longest_outage_s=ledger.longest_outage_s(), converged_s=took_s)  # fmt: skip
    assert ([], [], []) == (found.lost, found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))


def kill_primary(sentinels: Sentinels) -> None:
    primary = sentinels.primary()
    primary.kill()
    until(lambda: sentinels.primary() is not primary, "another primary", 30)
    primary.start()
    until(lambda: sentinels.primary().followed_by(1), "a replica of the new primary", 30)


_shares = iter(range(1, 1000))


async def durable(servers: Servers) -> bool:
    """Whether a change is answered as durable again."""
    body = {"command": "ramp", "key": FLAGS[0], "percent": 50 + next(_shares) / 1000}
    answer = await servers.post("/api/v1/environments/production/changes", body, 200)
    return bool(answer["durable"])
