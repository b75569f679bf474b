"""Django, its sync and its async side. In the settings:

    MIDDLEWARE = [..., "flaghoist.integrations.django.FlagsMiddleware"]   # after authentication
    FLAGHOIST_CONTEXT = "shop.flags.context_of"       # called with the request; or a function

The process-wide `flags` is given the context, and pinned for the request; with
`FLAGHOIST_PIN = False` it is not pinned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.utils.module_loading import import_string

from flaghoist.integrations.request import ContextOf, flags_for
from flaghoist.process import flags

__all__ = ["FlagsMiddleware"]


class FlagsMiddleware:
    """Gives each request its evaluation context, and pins it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response
        self._context = _context_function()
        self._pin: bool = getattr(settings, "FLAGHOIST_PIN", True)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        if self._is_async:
            return self._serve(request)
        with flags_for(request, flags, self._context, pin=self._pin):
            return self._get_response(request)

    async def _serve(self, request: Any) -> Any:
        with flags_for(request, flags, self._context, pin=self._pin):
            return await self._get_response(request)


def _context_function() -> ContextOf | None:
    named = getattr(settings, "FLAGHOIST_CONTEXT", None)
    function: ContextOf | None = import_string(named) if isinstance(named, str) else named
    return function
