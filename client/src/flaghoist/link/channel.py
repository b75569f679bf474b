"""What the supervisor follows: a stream, or polling where a stream cannot pass."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from flaghoist.link.failure import Failure, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from flaghoist.link.status import Transport
    from flaghoist.protocol.messages import Report

__all__ = ["Channel"]


class Channel(ABC):
    """One way in which flags come from one server.

    `open` it; then `over` is set when another is wanted: because this one has ended (`failure`
    says why) or is about to (`spread_s` says within which time). Until it is closed or has ended
    it goes on to deliver.
    """

    transport: Transport

    def __init__(self, url: str) -> None:
        self.url = url
        self.over = asyncio.Event()
        self.failure: Failure | None = None
        self.spread_s = 0.0
        self.on_end: Callable[[], None] = lambda: None
        self._task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """It delivers."""
        return self._task is not None and not self._task.done()

    async def open(self) -> None:
        """Return when what the client has is what the server has. Raises: Failure."""
        await self._open()
        self._task = asyncio.create_task(self._live())

    @abstractmethod
    async def report(self, report: Report) -> None:
        """Tell the server what was evaluated. Raises: Failure."""

    @abstractmethod
    async def close(self) -> None:
        """End it, politely but quickly. It may have ended already."""

    @abstractmethod
    async def _open(self) -> None: ...

    @abstractmethod
    async def _deliver(self) -> None:
        """Take in what comes, until a Failure."""

    async def _live(self) -> None:
        try:
            await self._deliver()
        except Failure as failure:
            self.failure = failure
        except Exception as error:  # noqa: BLE001 - a defect of ours ends a channel, not the link
            self.failure = Unreachable(f"the connection ended by a defect: {error!r}")
        self.over.set()
        self.on_end()

    async def _end_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
