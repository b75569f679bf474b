"""Hints inside one process: who listens hears a name once, however often it was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

__all__ = ["Hints"]


class Hints:
    """Tell from the event loop's thread; listen from any number of tasks."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._closed = False

    def tell(self, name: str) -> None:
        """Wake every listener with this name."""
        for listener in self._listeners:
            listener.waiting[name] = None
            listener.wake.set()

    def close(self) -> None:
        """End every listener."""
        self._closed = True
        for listener in self._listeners:
            listener.wake.set()

    def listen(self) -> AsyncIterator[str]:
        """The names told from now on, until `close`."""
        listener = _Listener()
        self._listeners.add(listener)
        return self._names(listener)

    async def _names(self, listener: _Listener) -> AsyncIterator[str]:
        try:
            while not self._closed:
                await listener.wake.wait()
                listener.wake.clear()
                while listener.waiting:
                    name = next(iter(listener.waiting))
                    del listener.waiting[name]
                    yield name
        finally:
            self._listeners.discard(listener)


class _Listener:
    """What one listener has not looked at yet: names, in order, each once."""

    def __init__(self) -> None:
        self.waiting: dict[str, None] = {}
        self.wake = asyncio.Event()
