"""The door between uvicorn and the hub: one path is ours, every other websocket is Litestar's.

uvicorn makes an object of `Config.ws` when a request wants an upgrade, and hands it the request
before anybody knows its path. So the object made is this one: it reads the path, makes the
protocol that shall have the connection, and steps aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from flaghoist_server.hub.hub import Hub
from flaghoist_server.hub.stream import StreamProtocol

__all__ = ["STREAM_PATH", "upgrade_class"]

STREAM_PATH = b"/sdk/v1/stream"


def upgrade_class(hub: Hub) -> type[asyncio.Protocol]:
    """What `uvicorn.Config(ws=…)` takes: a protocol class that knows `hub`."""

    class Upgrade(_Upgrade):
        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(
                ours=lambda: StreamProtocol(hub),
                others=lambda: WebSocketsSansIOProtocol(config, server_state, app_state, _loop),
            )

    return Upgrade


class _Upgrade(asyncio.Protocol):
    """Sees one request and then nothing, except what comes before the loop's next turn."""

    def __init__(
        self, ours: Callable[[], asyncio.Protocol], others: Callable[[], asyncio.Protocol]
    ) -> None:
        self._ours = ours
        self._others = others
        self._chosen: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._chosen is None:
            self._chosen = self._ours() if _path(data) == STREAM_PATH else self._others()
            self._chosen.connection_made(self._transport)
            # uvicorn sets *this* object as the transport's protocol when we return.
            asyncio.get_running_loop().call_soon(self._step_aside)
        self._chosen.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._chosen is not None:
            self._chosen.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._chosen is not None:
            self._chosen.pause_writing()

    def resume_writing(self) -> None:
        if self._chosen is not None:
            self._chosen.resume_writing()

    def _step_aside(self) -> None:
        if self._chosen is not None and not self._transport.is_closing():
            self._transport.set_protocol(self._chosen)


def _path(request: bytes) -> bytes:
    """The path of a request's first line, without its query."""
    parts = request.split(b" ", 2)
    return parts[1].partition(b"?")[0] if len(parts) > 2 else b""
