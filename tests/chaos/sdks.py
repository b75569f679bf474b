"""SDK processes: started cold, asked what they have, and what they saw that must never be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
from tests.chaos.servers import Servers, eventually

__all__ = ["Sdks", "Seen", "fleet"]

LONGEST_PAUSE_S = 30.0
PROGRAM = Path(__file__).with_name("sdk_program.py")


class Seen(msgspec.Struct):
    """What one client has, and what was seen of it."""

    epoch: str
    version: int
    hash: str
    connected: bool
    source: str
    error: str | None
    older: int
    emptied: int
    epochs: int
    looks: int
    divergences: int


class Sdks:
    """Processes with so many clients each."""

    def __init__(
        self, urls: str, token: str, flags: Sequence[str], clients: int = 10, processes: int = 1
    ) -> None:
        self._told = {
            "options": {"url": urls, "token": token, "app": "chaos"},
            "flags": list(flags),
            "clients": clients,
        }
        self.processes = [self._start() for _ in range(processes)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(PROGRAM), json.dumps(self._told)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start_another(self) -> None:
        """A cold start, now."""
        self.processes.append(self._start())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    async def look(self) -> list[Seen]:
        """All clients as they are now."""
        told = await self._ask("look")
        return [msgspec.convert(one, Seen) for process in told for one in process]

    async def arrivals(self) -> list[dict[int, float]]:
        """For each client: version -> when (monotonic) its application could see it."""
        told = await self._ask("arrivals")
        return [{int(v): at for v, at in one.items()} for process in told for one in process]

    async def connected(self, timeout_s: float = LONGEST_PAUSE_S + 15.0) -> float:
        """Wait until every client has a stream and flags; how long that took.

        After some failures in a row a client pauses for up to half a minute, by design.
        """

        async def all_connected() -> bool:
            return all(one.connected and one.version for one in await self.look())

        return await eventually(all_connected, "every SDK to be connected", timeout_s)

    async def converged(self, servers: Servers, timeout_s: float = 30.0) -> float:
        """Wait until servers and clients all have the same position; how long that took."""

        async def same() -> bool:
            positions = set(await servers.positions())
            seen = await self.look()
            have = {(one.epoch, one.version) for one in seen}
            return len(positions) == 1 and have == positions and len({s.hash for s in seen}) == 1

        try:
            return await eventually(same, "everybody at the same position", timeout_s)
        except TimeoutError as error:
            have = [(one.epoch, one.version, one.connected, one.error) for one in await self.look()]
            positions = await servers.positions()
            raise TimeoutError(f"{error}: servers {positions}, SDKs {have}") from None

    async def _ask(self, what: str) -> list[Any]:
        return await asyncio.gather(
            *(asyncio.to_thread(_answer, process, what) for process in self.processes)
        )


@contextlib.asynccontextmanager
async def fleet(
    store_url: str,
    flags: Sequence[str],
    *,
    servers: int = 2,
    clients: int = 10,
    processes: int = 1,
) -> AsyncIterator[tuple[Servers, Sdks]]:
    """Servers on one store, and SDKs that know them all and have everything."""
    async with Servers(store_url, servers) as running:
        token = await running.prepare(flags)
        with Sdks(running.urls, token, flags, clients, processes) as sdks:
            await sdks.converged(running)
            yield running, sdks


def _answer(process: subprocess.Popen[bytes], what: str) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(what.encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())
