"""uvicorn as it is set up here: one port for HTTP and for the SDKs' streams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn

from flaghoist_server.api.http import BoundedHttp
from flaghoist_server.api.services import Readiness, Services
from flaghoist_server.hub.hub import Hub
from flaghoist_server.hub.stream import StreamProtocol
from flaghoist_server.serve.listening import BACKLOG, ServerError

__all__ = ["REQUESTS_END_SECONDS", "HttpServer", "start_http"]

_KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep idle connections: they close first, so no request meets a close."""

REQUESTS_END_SECONDS = 10
"""For requests that are being answered when the listener closes."""


async def start_http(app: Any, services: Services, listener: socket.socket) -> HttpServer:
    """Serve `app`, and the hub's streams beside it, on `listener`. Raises: ServerError."""
    settings = services.settings
    config = uvicorn.Config(
        _Border(app, services.readiness),
        http=BoundedHttp,
        ws=partial(_stream, services.hub),  # type: ignore[arg-type]  # anything that makes one
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=REQUESTS_END_SECONDS,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
    )
    try:
        config.load()
    except OSError as error:  # SSLError is one
        raise ServerError(f"the TLS certificate and key cannot be used: {error}") from error
    http = HttpServer(config)
    await http.begin(listener)
    return http


def _stream(hub: Hub, **_: Any) -> StreamProtocol:
    """For whoever wants an upgrade; what uvicorn has to say about itself is of no use there."""
    return StreamProtocol(hub)


class HttpServer(uvicorn.Server):
    """uvicorn, which leaves signals to us and tells when it listens."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def begin(self, listener: socket.socket) -> None:
        self._listening = asyncio.Event()
        self._task = asyncio.create_task(self.serve([listener]), name="http")
        await self._listening.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    async def stop(self) -> None:
        """Take no more connections and finish the answers; stopping twice is fine."""
        self.should_exit = True
        await self._task


class _Border:
    """Around the application: HEAD is answered as GET, and once we are leaving, every answer is
    its connection's last.

    A connection that is kept open across the end of its server loses the request that meets the
    close; told so with an answer, a proxy takes another server for the next one.
    """

    def __init__(self, app: Any, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # uvicorn knows, and sends the head alone

        async def say(message: Any) -> None:
            if message["type"] == "http.response.start" and self._readiness.draining.is_set():
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, say)
