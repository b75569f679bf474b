"""Flask: `Flags(app, context=lambda request: Context(session["user_id"]))`.

The function is called within the request, where `session`, `g` and a logged-in user are at hand,
before the view and after the `before_request` functions that were registered earlier.
"""

from __future__ import annotations

import contextlib

from flask import Flask, g, request

from flaghoist.client import Client
from flaghoist.integrations.request import ContextOf, flags_for
from flaghoist.process import flags

__all__ = ["Flags"]

_KEY = "_flaghoist"


class Flags:
    """The extension. With an application factory: make it without `app`, call `init_app` later."""

    def __init__(
        self,
        app: Flask | None = None,
        context: ContextOf | None = None,
        client: Client = flags,
        pin: bool = True,
    ) -> None:
        self._context = context
        self._client = client
        self._pin = pin
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Give each request of this application its context, and pin it."""
        app.before_request(self._begin)
        app.teardown_request(self._end)

    def _begin(self) -> None:
        stack = contextlib.ExitStack()
        stack.enter_context(flags_for(request, self._client, self._context, pin=self._pin))
        setattr(g, _KEY, stack)

    def _end(self, _error: BaseException | None = None) -> None:
        stack = g.pop(_KEY, None)
        if stack is not None:
            stack.close()
