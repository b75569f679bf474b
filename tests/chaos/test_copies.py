"""Backup, restore and migration of a Redis that is written to all the while, by the command."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests.chaos.conftest import Tell
from tests.chaos.model_world import whole_log
from tests.chaos.sdks import fleet
from tests.chaos.servers import ENVIRONMENT, Servers, eventually
from tests.chaos.traffic import Ledger, Traffic, losses
from tests.redis_servers import Redis

from flaghoist_server.change.audit import verify
from flaghoist_server.change.change import Change
from flaghoist_server.store.open import open_store

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

FLAGS = [f"flag-{number}" for number in range(4)]


async def test_a_store_in_use_is_saved_restored_and_moved(
    seed: int, tell: Tell, tmp_path: Path
) -> None:
    """Copies are whole beginnings of the log; a restore loses nothing of what others write."""
    with Redis() as redis:
        async with fleet(redis.url, FLAGS) as (servers, sdks):
            epoch = (await servers.positions())[0][0]
            async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
                await eventually(lambda: written(ledger, 20), "some writes")
                await store_command("backup", "saved.db", "--store", redis.url, cwd=tmp_path)
                await store_command("restore", "saved.db", "--store", redis.url, cwd=tmp_path)
                await eventually(lambda: another(servers, epoch), "another epoch")
                await store_command("migrate", redis.url, "sqlite:///moved.db", cwd=tmp_path)
                before = len(ledger.acknowledged)
                await eventually(lambda: written(ledger, before + 20), "writes to go on")
            await sdks.converged(servers)
            found = await losses(redis.url, ledger)
            seen = await sdks.look()
            log = await log_of(redis.url)

    saved = await log_of(f"sqlite:///{tmp_path}/saved.db")
    moved = await log_of(f"sqlite:///{tmp_path}/moved.db")
    tell(found, ledger, seen, saved=len(saved), moved=len(moved))
    assert [] == found.of_any_kind
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))
    assert (log[: len(saved)], log[: len(moved)]) == (saved, moved)
    assert 20 < len(saved) < len(moved) < len(log)
    assert [] == list(verify(log))
    assert ["restore"] == [change.kind for change in log if change.epoch != epoch][:1]


async def store_command(*words: str, cwd: Path) -> None:
    """Run `flaghoist store …` as somebody does at a terminal."""
    command = [sys.executable, "-m", "flaghoist_server.cli.main", "store", *words]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def written(ledger: Ledger, count: int) -> bool:
    return len(ledger.acknowledged) >= count


async def another(servers: Servers, epoch: str) -> bool:
    return epoch not in {one for one, _ in await servers.positions()}


async def log_of(url: str) -> list[Change]:
    store = open_store(url, exclusive=False)
    await store.start()
    log = await whole_log(store, ENVIRONMENT)
    await store.close()
    return log
