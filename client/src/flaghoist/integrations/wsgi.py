"""WSGI middleware, for frameworks that have no module of their own here.

application = FlagsMiddleware(application, context=lambda environ: environ.get("REMOTE_USER"))
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flaghoist.client import Client
from flaghoist.integrations.request import ContextOf, flags_for
from flaghoist.process import flags

__all__ = ["FlagsMiddleware"]

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class FlagsMiddleware:
    """Gives each request its context (`context` is called with the environ), and pins it."""

    def __init__(
        self,
        app: Application,
        context: ContextOf | None = None,
        client: Client = flags,
        pin: bool = True,
    ) -> None:
        self.app = app
        self._context = context
        self._client = client
        self._pin = pin

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(flags_for(environ, self._client, self._context, pin=self._pin))
            body = self.app(environ, start_response)
            if _is_finished(body, environ):
                return body
            return _Body(body, stack.pop_all())


class _Body:
    """A response that is still being made: its request is over when the server closes it."""

    def __init__(self, body: Iterable[bytes], request: contextlib.ExitStack) -> None:
        self._body = body
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        with self._request:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()


def _is_finished(body: Iterable[bytes], environ: dict[str, Any]) -> bool:
    """Nothing of the application runs any more while this is sent."""
    file_wrapper = environ.get("wsgi.file_wrapper")
    is_file = isinstance(file_wrapper, type) and isinstance(body, file_wrapper)
    return is_file or isinstance(body, list | tuple)
