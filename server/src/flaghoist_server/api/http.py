"""HTTP as uvicorn parses it, with the bounds that its fast parser does not have.

A request's head is bounded in size, and head and body must each be complete in a bounded time:
without that, a peer that sends a byte a minute, or headers without end, holds a connection and
memory for ever. So does one that asks for much and reads nothing: what an answer has buffered must
become less. Between two requests of a connection it is uvicorn's keep-alive that counts.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flaghoist_server.hub.limits import MAX_HANDSHAKE

__all__ = ["BODY_SECONDS", "HEAD_SECONDS", "MAX_HEAD", "STALLED_SECONDS", "BoundedHttp"]

MAX_HEAD = 4 * MAX_HANDSHAKE
"""Bytes: browsers send cookies, proxies add what they know."""

HEAD_SECONDS = 10.0
BODY_SECONDS = 60.0
"""A mebibyte comes in time over 140 kbit/s."""

STALLED_SECONDS = 60.0
"""A peer that has taken nothing of an answer for this long is let go. The kernel takes megabytes
ahead of it and comes back for more only when much of that is gone: it must not be short."""


class _Owed(Enum):
    """What of its request the peer has not sent yet."""

    HEAD = 0
    BODY = 1
    NOTHING = 2


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol; it closes on whoever sends too much before, or takes too long to, ask."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._owed = _Owed.HEAD
        self._head_bytes = 0
        self._impatience: asyncio.TimerHandle | None = None
        self._stalling: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        super().connection_made(transport)
        self._be_impatient()

    def connection_lost(self, exc: Exception | None) -> None:
        self._now_owed(_Owed.NOTHING)
        self._flows()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._owed is _Owed.NOTHING:
            return
        if self._owed is _Owed.HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self.transport.abort()
                return
        if self._impatience is None:
            self._be_impatient()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._flows()

    def handle_websocket_upgrade(self) -> None:
        self._now_owed(_Owed.NOTHING)  # another protocol has the connection from here on
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        self._now_owed(_Owed.HEAD)
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._now_owed(_Owed.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._now_owed(_Owed.NOTHING)
        super().on_message_complete()

    def _now_owed(self, owed: _Owed) -> None:
        """The time that there is for one part is not counted on for the next."""
        self._owed = owed
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _be_impatient(self) -> None:
        seconds = HEAD_SECONDS if self._owed is _Owed.HEAD else BODY_SECONDS
        self._impatience = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._impatience = None
        if self.flow.read_paused:  # it is we who do not read: the request before is not answered
            self._be_impatient()
        else:
            self.transport.close()

    def _watch(self, buffered: int) -> None:
        self._stalling = self.loop.call_later(STALLED_SECONDS, self._look, buffered)

    def _look(self, before: int) -> None:
        buffered = self.transport.get_write_buffer_size()
        if buffered < before:
            self._watch(buffered)
        else:
            self.transport.abort()

    def _flows(self) -> None:
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None
