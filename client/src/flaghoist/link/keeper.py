"""Keeps the disk cache up to date, in a thread of its own, so that no disk delays a flip.

Rules: what is written was applied, can be evaluated, and came from a server. Writing that fails
is a word in `status`. One writing at a time; a disk that hangs is asked nothing more.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from flaghoist.link.loop import in_daemon_thread
from flaghoist.link.sources import unfit
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Full

if TYPE_CHECKING:
    from flaghoist.link.cache import DiskCache
    from flaghoist.link.holding import Holding
    from flaghoist.snapshot import Snapshot

__all__ = ["Keeper", "wire_form"]

PAUSE_S = 1.0
"""Between two looks; many changes in a row are written once."""


class Keeper:
    """Writes what a client holds, whenever it is newer than what was written last."""

    def __init__(self, holding: Holding, cache: DiskCache) -> None:
        self._holding = holding
        self._cache = cache
        self._kept = holding.adoptions if holding.source == "cache" else 0
        self._writing = asyncio.Lock()

    async def keep(self) -> None:
        """For as long as the link lives."""
        while True:
            await self.catch_up()
            await asyncio.sleep(PAUSE_S)

    async def catch_up(self) -> None:
        """Write now, if there is something to write. At the end of a process, the last flip."""
        holding = self._holding
        async with self._writing:
            if holding.source != "server" or holding.adoptions == self._kept:
                return
            self._kept = holding.adoptions
            snapshot = holding.snapshot
            holding.cache = await in_daemon_thread(lambda: self._write(snapshot))

    def _write(self, snapshot: Snapshot) -> str:
        bad = unfit(snapshot)
        if bad is not None:
            return f"not written: {bad!r} cannot be evaluated"
        position = (snapshot.environment, snapshot.epoch, snapshot.version)
        return self._cache.write(wire_form(snapshot), position, time.monotonic())


def wire_form(snapshot: Snapshot) -> bytes:
    """The full message that would lead to this snapshot."""
    return encode(
        Full(
            snapshot.environment,
            snapshot.epoch,
            snapshot.version,
            snapshot.hash,
            {key: (at, msgspec.Raw(doc)) for key, (at, doc) in snapshot.documents.items()},
            {name: msgspec.Raw(document) for name, document in snapshot.segments.items()},
        )
    )
