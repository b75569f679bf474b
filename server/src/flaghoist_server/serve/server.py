"""One server: its parts put together, started in an order and stopped in the reverse.

Start: take the port (a taken one is found before the store is touched), answer that we are not
ready, open the store, follow it, then let traffic in. Stop: say that we are not ready, ask the
SDKs to move and go on serving meanwhile, close what is left, end the HTTP connections when they
have their answers, let go of the store.

    async with Server(Settings(port=0, store="memory://", admin_token="…")) as server:
        print(server.url)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from flaghoist_server.api.app import create_app
from flaghoist_server.api.http import BoundedHttp
from flaghoist_server.api.services import Readiness, Services
from flaghoist_server.api.tokens import TokenBook
from flaghoist_server.console.router import Console
from flaghoist_server.feed.clock import new_epoch, utc_now
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.mirror import Mirror
from flaghoist_server.feed.writer import Writer
from flaghoist_server.fleet.fleet import Fleet
from flaghoist_server.fleet.open import open_board
from flaghoist_server.hub.hub import Hub
from flaghoist_server.hub.upgrade import upgrade_class
from flaghoist_server.settings import Settings
from flaghoist_server.store.open import open_store
from flaghoist_server.store.port import StoreUnavailable

__all__ = ["Server", "ServerError"]

_log = logging.getLogger("flaghoist.serve")

_BACKLOG = 4096
_KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep idle connections: they close first, so no request meets a close."""

_REQUESTS_END_SECONDS = 10
"""For requests that are being answered when the listener closes."""

_RETRY_SECONDS = 0.25


class ServerError(Exception):
    """The server cannot be started; one line that says why and what to do."""


class Server:
    """A server in this process. The constructor opens nothing.

    `first_token` is the admin token that was made because there was none, to be shown once; "" if
    there was one. `port` is the real one, also when the system chose it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = settings.port
        self.first_token = ""
        self.services = _assemble(settings)
        self._console = Console(self.services)
        self._stack = contextlib.AsyncExitStack()
        self._stopping: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        scheme = "https" if self.settings.tls_certificate else "http"
        host = self.settings.host
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
            host, f"[{host}]" if ":" in host else host
        )
        return f"{scheme}://{shown}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Return when traffic may come. Raises: ServerError, StoreError."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        told = {"action": "serve.ready", "url": self.url}
        _log.info("ready", extra=told)

    async def stop(self, *, drain: float | None = None) -> None:
        """Leave in good order; stopping twice waits for the first.

        Args:
            drain: seconds that SDKs have to move, if not those of the settings.
        """
        if self._stopping is None:
            seconds = self.settings.drain_seconds if drain is None else drain
            self._stopping = asyncio.create_task(self._stop(seconds), name="stop")
        await asyncio.shield(self._stopping)

    async def _start(self) -> None:
        services, stack = self.services, self._stack
        listener = _bind(self.settings.host, self.settings.port)
        self.port = listener.getsockname()[1]
        stack.callback(listener.close)
        self._http = await _start_http(services, self._console, listener)
        stack.push_async_callback(self._http.stop)
        stack.push_async_callback(services.store.close)
        stack.push_async_callback(services.feed.close)
        await self._open_store()
        stack.push_async_callback(services.tokens.close)
        await services.tokens.start()
        await self._ensure_admin()
        stack.push_async_callback(services.fleet.close)
        await services.fleet.start()
        stack.push_async_callback(services.hub.close)
        await services.hub.start()
        await stack.enter_async_context(self._console.running())
        services.tokens.listen(services.hub.recheck_tokens)
        services.readiness.loaded = True
        services.hub.admission.closed = ""

    async def _open_store(self) -> None:
        """A store that is away, and of which nothing is known, is waited for a little.

        Raises:
            StoreError: it cannot be used, or did not come.
        """
        patient_until = time.monotonic() + self.settings.store_wait_seconds
        while True:
            try:
                await self.services.feed.start()
            except StoreUnavailable as error:
                self.services.readiness.waiting_for = str(error)
                if time.monotonic() + _RETRY_SECONDS > patient_until:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _ensure_admin(self) -> None:
        tokens = self.services.tokens
        if self.settings.admin_token:
            await tokens.set_admin(self.settings.admin_token)
        elif not any(record.role == "admin" for record in tokens.records()):
            self.first_token, _ = await tokens.issue("admin", name="first admin")

    async def _stop(self, seconds: float) -> None:
        services = self.services
        if services.readiness.loaded:
            began = time.monotonic()
            services.readiness.draining.set()
            told = {"action": "serve.drain", "streams": services.hub.connected}
            _log.info("draining", extra=told)
            await services.hub.drain(seconds)
            notice = min(self.settings.notice_seconds, seconds) - (time.monotonic() - began)
            await asyncio.sleep(max(0.0, notice))
            await self._http.stop()  # first: who is still answered needs all the rest
        await self._stack.aclose()
        _log.info("ended", extra={"action": "serve.ended"})


def _assemble(settings: Settings) -> Services:
    """The parts, each made of those below it. Nothing is opened."""
    store = open_store(settings.store)
    mirror = _mirror(settings)
    feed = Feed(store, now=utc_now, new_epoch=new_epoch, mirror=mirror)
    replica = secrets.token_hex(6)
    fleet = Fleet(replica, time.monotonic, open_board(settings.store, replica))
    tokens = TokenBook(store, time.time, mirror)
    return Services(
        settings=settings,
        store=store,
        feed=feed,
        writer=Writer(store, feed),
        fleet=fleet,
        hub=Hub(feed, fleet, tokens, settings.stream, time.monotonic),
        tokens=tokens,
        readiness=Readiness(),
        now=utc_now,
    )


def _mirror(settings: Settings) -> Mirror | None:
    if not settings.mirror:
        return None
    return Mirror(Path(settings.mirror), settings.store, holds=settings.mirror_holds)


def _bind(host: str, port: int) -> socket.socket:
    """A socket at this address. Raises: ServerError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServerError(f"cannot listen at {host!r}: {error.strerror or error}") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(_cannot_listen(host, port, error)) from error
    listener.setblocking(False)
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    what = error.strerror or str(error)
    return f"cannot listen on {host}:{port}: {what.lower()}; choose another with --port"


async def _start_http(services: Services, console: Console, listener: socket.socket) -> _Http:
    settings = services.settings
    config = uvicorn.Config(
        _Border(create_app(services, [console.router]), services.readiness),
        http=BoundedHttp,
        ws=upgrade_class(services.hub),
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_REQUESTS_END_SECONDS,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
    )
    http = _Http(config)
    await http.begin(listener)
    return http


class _Http(uvicorn.Server):
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
