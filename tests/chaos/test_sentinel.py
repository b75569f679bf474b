"""A failover to a replica that had not got everything: what was called durable is still there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest
from tests.chaos.conftest import AFTER_THE_LAST_WRITE_S, Tell
from tests.chaos.sdks import fleet
from tests.chaos.servers import ENVIRONMENT, Servers, eventually
from tests.chaos.traffic import Traffic, losses
from tests.redis_servers import Redis, Sentinels, until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

FLAGS = [f"flag-{number}" for number in range(8)]
NEW_PRIMARY_S = 30
LONGEST_OUTAGE_S = 15.0


async def test_a_failover_with_stalled_replicas_loses_nothing_durable(
    seed: int, length: Callable[[float, float], float], tell: Tell
) -> None:
    """Replicas are stopped and cut off, writes go on, the primary is killed, a replica takes over.

    What was written meanwhile was answered as not durable, and is lost: a new epoch tells.
    """
    rounds = int(length(1, 20))
    with Sentinels() as sentinels:
        url = f"{sentinels.url}?wait_replicas=1&wait_ms=100"
        async with fleet(url, FLAGS, processes=2) as (servers, sdks):
            before = {epoch for epoch, _ in await servers.positions()}
            async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
                for _ in range(rounds):
                    await asyncio.sleep(0.5)
                    await asyncio.to_thread(lose_the_tail, sentinels)
                    await asyncio.sleep(1.0)
            took_s = await sdks.converged(servers)
            after = {epoch for epoch, _ in await servers.positions()}
            found = await losses(url, ledger)
            seen = await sdks.look()

    tell(found, ledger, seen, failovers=rounds, all_alike_after_the_last_write_s=took_s)
    assert [] == found.lost
    assert found.at_risk, "the replicas had everything: nothing was shown"
    assert before.isdisjoint(after)
    assert ([], []) == (found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert took_s < AFTER_THE_LAST_WRITE_S


def lose_the_tail(sentinels: Sentinels) -> None:
    """For certain: what is in a stopped replica's socket would still arrive, so cut it off."""
    primary, replicas = sentinels.primary(), sentinels.replicas()
    for replica in replicas:
        replica.stop()
    primary.ask("CLIENT", "KILL", "TYPE", "replica")
    log = f"fh:{{{ENVIRONMENT}}}:log"
    have = primary.ask("XLEN", log)
    until(lambda: primary.ask("XLEN", log) >= have + 5, "writes that no replica has", NEW_PRIMARY_S)
    primary.kill()
    for replica in replicas:
        replica.go_on()
    wait_for_another(sentinels, primary)
    primary.start()
    until(lambda: sentinels.primary().followed_by(1), "a replica of it", NEW_PRIMARY_S)


async def test_writes_go_on_within_seconds_of_a_failover(
    seed: int, length: Callable[[float, float], float], tell: Tell
) -> None:
    """The primary stands still, or is killed: nothing durable is lost, and durable it is again."""
    rounds = int(length(1, 20))
    with Sentinels() as sentinels:
        url = f"{sentinels.url}?wait_replicas=1&wait_ms=200"
        async with fleet(url, FLAGS) as (servers, sdks):
            async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
                for fault in itertools.islice(itertools.cycle([stand_still, die]), rounds):
                    await asyncio.sleep(0.5)
                    await asyncio.to_thread(fault, sentinels)
            took_s = await sdks.converged(servers)
            found = await losses(url, ledger)
            await eventually(lambda: durable(servers), "durable answers")
            seen = await sdks.look()

    tell(found, ledger, seen, failovers=rounds, all_alike_after_the_last_write_s=took_s)
    assert ([], [], []) == (found.lost, found.twice, found.gaps)
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert took_s < AFTER_THE_LAST_WRITE_S
    assert ledger.longest_outage_s() < LONGEST_OUTAGE_S


def stand_still(sentinels: Sentinels) -> None:
    """SIGSTOP: its connections stay open and nothing comes from them. It comes back as a replica."""
    primary = sentinels.primary()
    primary.stop()
    wait_for_another(sentinels, primary)
    primary.go_on()
    until(lambda: sentinels.primary().followed_by(1), "a replica of it", NEW_PRIMARY_S)


def die(sentinels: Sentinels) -> None:
    primary = sentinels.primary()
    primary.kill()
    wait_for_another(sentinels, primary)
    primary.start()
    until(lambda: sentinels.primary().followed_by(1), "a replica of it", NEW_PRIMARY_S)


def wait_for_another(sentinels: Sentinels, primary: Redis) -> None:
    until(lambda: sentinels.primary() is not primary, "another primary", NEW_PRIMARY_S)


_shares = itertools.count(1)


async def durable(servers: Servers) -> bool:
    """Whether a change is answered as durable again."""
    answer = await servers.change("ramp", FLAGS[0], percent=50 + next(_shares) / 1000)
    return answer.status_code == 200 and bool(answer.json()["durable"])
