"""Processes with real SDK clients, asked what they have and what they saw that must never be."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from tests.integration.server.waiting import eventually

__all__ = ["Applications", "Seen"]

PROGRAM = Path(__file__).with_name("sdk_program.py")


class Seen(msgspec.Struct):
    """What one client has, and what was seen of it."""

    epoch: str
    version: int
    hash: str
    connected: bool
    divergences: int
    older: int
    emptied: int
    epochs: int
    looks: int
    error: str


class Applications:
    """`processes` with so many `clients` each."""

    def __init__(
        self, url: str, token: str, flags: Sequence[str], clients: int = 1, processes: int = 1
    ) -> None:
        told = {
            "options": {"url": url, "token": token, "app": "shop"},
            "flags": list(flags),
            "clients": clients,
        }
        command = [sys.executable, str(PROGRAM), json.dumps(told)]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(processes)
        ]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    async def look(self) -> list[Seen]:
        """All clients as they are now."""
        told = await self._ask("look")
        return [msgspec.convert(one, Seen) for process in told for one in process]

    async def versions(self) -> list[set[int]]:
        """For each client, the versions that it has had."""
        return [set(one) for process in await self._ask("versions") for one in process]

    async def all_at(self, position: tuple[str, int], timeout_s: float = 60.0) -> None:
        """Wait until every client has this position.

        After some failures in a row a client pauses for up to half a minute, by design.
        """

        async def there() -> bool:
            return {position} == {(one.epoch, one.version) for one in await self.look()}

        try:
            await eventually(there, f"every SDK at {position}", timeout_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {await self.look()}") from None

    async def _ask(self, what: str) -> list[Any]:
        return await asyncio.gather(
            *(asyncio.to_thread(_answer, process, what) for process in self.processes)
        )


def _answer(process: subprocess.Popen[bytes], what: str) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(what.encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())
