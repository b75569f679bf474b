"""A disk without room: reading and pushing go on, writes say so, and room alone ends it."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.conftest import Tell
from tests.chaos.sdks import fleet
from tests.chaos.servers import Servers, eventually
from tests.chaos.traffic import Ledger, Traffic, losses

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk"),
]

FLAGS = [f"flag-{number}" for number in range(4)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_a_full_disk_stops_writes_and_nothing_else(seed: int, tell: Tell, disk: Path) -> None:
    """SDKs stay, new ones get their flags, and once there is room, nobody has to do anything."""
    store_url = f"sqlite:///{disk / 'flags.db'}"
    async with fleet(store_url, FLAGS, servers=1) as (servers, sdks):
        async with Traffic(servers, FLAGS, seed=seed).flowing() as ledger:
            await eventually(lambda: some(ledger), "some writes")
            filler = fill(disk)
            await eventually(lambda: refuses(servers), "a write to be refused")
            answer = await servers.change("kill", FLAGS[0])
            sdks.start_another()
            cold_s = await sdks.connected()
            shown = await servers.get(f"/api/v1/environments/production/flags/{FLAGS[0]}")
            filler.unlink()
            again_s = await eventually(lambda: writes(servers), "writes to go on")
        await sdks.converged(servers)
        found = await losses(store_url, ledger)
        seen = await sdks.look()

    tell(found, ledger, seen, cold_start_s=cold_s, writes_again_s=again_s)
    assert answer.status_code == 507
    assert "full" in answer.json()["detail"]
    assert FLAGS[0] == shown["key"]
    assert [] == found.of_any_kind
    assert (0, 0) == (sum(s.older for s in seen), sum(s.emptied for s in seen))


async def some(ledger: Ledger) -> bool:
    return len(ledger.acknowledged) > 20


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


_shares = itertools.count(1)


async def status_of_a_write(servers: Servers) -> int:
    share = 50 + next(_shares) % 1000 / 1000
    return (await servers.change("ramp", FLAGS[1], percent=share)).status_code


async def refuses(servers: Servers) -> bool:
    return await status_of_a_write(servers) != 200


async def writes(servers: Servers) -> bool:
    return await status_of_a_write(servers) == 200
