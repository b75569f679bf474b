"""The console as one router for the server's application, and the task that watches the fleet."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request, Router
from litestar.di import Provide

from flaghoist_server.api.auth import OWN
from flaghoist_server.api.services import Services
from flaghoist_server.console import entrance, reading
from flaghoist_server.console.desk import Desk
from flaghoist_server.console.door import Door, Visit
from flaghoist_server.console.live import live
from flaghoist_server.console.problems import handlers
from flaghoist_server.console.room import Room
from flaghoist_server.console.watch import Watch
from flaghoist_server.console.writing import change

__all__ = ["Console"]

_MAX_FORM = 64 * 1024
"""A form's longest field is a reason of 500 letters; this is room enough and no more."""


class Console:
    """`router` goes into the application; `running` is held for as long as it serves."""

    def __init__(self, services: Services) -> None:
        self._watch = Watch(services.feed, services.fleet, time.time)
        door = Door(services.tokens, time.time)
        self.room = Room(services, Desk(services, self._watch), door, self._watch)
        self.router = self._make_router()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the fleet meanwhile."""
        await self._watch.start()
        try:
            yield
        finally:
            await self._watch.close()

    def _make_router(self) -> Router:
        room = self.room

        def visit(request: Request[Any, Any, Any]) -> Visit:
            return room.door.visit(request)

        return Router(
            path="/",
            route_handlers=[
                reading.home,
                reading.flags,
                reading.flag,
                reading.history,
                reading.sdks,
                reading.ask_page,
                reading.asset,
                reading.favicon,
                entrance.sign_in_page,
                entrance.sign_in,
                entrance.sign_out,
                entrance.set_theme,
                change,
                live,
            ],
            dependencies={
                "room": Provide(lambda: room, sync_to_thread=False, use_cache=True),
                "visit": Provide(visit, sync_to_thread=False),
            },
            exception_handlers=handlers(room),
            include_in_schema=False,
            opt=OWN,
            request_max_body_size=_MAX_FORM,
        )
