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
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from flaghoist_server.api.app import create_app
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
from flaghoist_server.hub.limits import StreamLimits
from flaghoist_server.serve.files import streams_that_fit
from flaghoist_server.serve.http import start_http
from flaghoist_server.serve.listening import ServerError, listen
from flaghoist_server.settings import Settings
from flaghoist_server.store.open import open_store
from flaghoist_server.store.port import StoreUnavailable

__all__ = ["Server", "ServerError"]

_log = logging.getLogger("flaghoist.serve")

_RETRY_SECONDS = 0.25


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
        listener = listen(self.settings.host, self.settings.port)
        self.port = listener.getsockname()[1]
        stack.callback(listener.close)
        app = create_app(services, [self._console.router])
        self._http = await start_http(app, services, listener)
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
        hub=Hub(feed, fleet, tokens, _limits(settings.stream), time.monotonic),
        tokens=tokens,
        readiness=Readiness(),
        now=utc_now,
    )


def _limits(limits: StreamLimits) -> StreamLimits:
    if limits.max_connections:
        return limits
    return msgspec.structs.replace(limits, max_connections=streams_that_fit())


def _mirror(settings: Settings) -> Mirror | None:
    if not settings.mirror:
        return None
    return Mirror(Path(settings.mirror), settings.store, holds=settings.mirror_holds)
