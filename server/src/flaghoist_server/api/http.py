"""HTTP as uvicorn parses it, with the bounds that its fast parser does not have.

A header block is bounded in size, and must be complete in a bounded time: without that, a peer
that sends a byte a minute, or headers without end, holds a connection and memory for ever.
Between two requests of a connection it is uvicorn's keep-alive that counts.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flaghoist_server.hub.limits import MAX_HANDSHAKE

__all__ = ["HEADER_SECONDS", "MAX_HEADERS", "BoundedHttp"]

MAX_HEADERS = 4 * MAX_HANDSHAKE
"""Bytes: browsers send cookies, proxies add what they know."""

HEADER_SECONDS = 10.0


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol; it closes on whoever sends too much before, or takes too long to, ask."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._asked = False
        self._unasked_bytes = 0
        self._impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        super().connection_made(transport)
        self._impatience = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._asked:
            return
        self._unasked_bytes += len(data)
        if self._unasked_bytes > MAX_HEADERS:
            self.transport.abort()
        elif self._impatience is None:
            self._impatience = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def on_message_begin(self) -> None:
        self._asked = False
        self._unasked_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._asked = True
        self._be_patient()
        super().on_headers_complete()

    def _be_patient(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _give_up(self) -> None:
        self._impatience = None
        self.transport.close()
