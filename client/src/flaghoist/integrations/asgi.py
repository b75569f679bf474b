"""ASGI middleware: for Litestar, Starlette, FastAPI and whatever else speaks ASGI.

    app.add_middleware(FlagsMiddleware, context=context_of)                   # Starlette, FastAPI
    Litestar(middleware=[DefineMiddleware(FlagsMiddleware, context=context_of)])

    def context_of(scope):
        return Context(scope["user"].id, plan=scope["user"].plan)

Put it inside of what authenticates, so that the context can be made of the user.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from flaghoist.client import Client
from flaghoist.integrations.request import ContextOf, flags_for
from flaghoist.process import flags

__all__ = ["FlagsMiddleware"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class FlagsMiddleware:
    """Gives each request its context (`context` is called with the scope), and pins it.

    A websocket gets a context and no pin: it lives long, and is to see flips.
    """

    def __init__(
        self,
        app: Callable[[Any, Any, Any], Awaitable[None]],
        context: ContextOf | None = None,
        client: Client = flags,
        pin: bool = True,
    ) -> None:
        self.app = app
        self._context = context
        self._client = client
        self._pin = pin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        with flags_for(scope, self._client, self._context, pin=self._pin and kind == "http"):
            await self.app(scope, receive, send)
