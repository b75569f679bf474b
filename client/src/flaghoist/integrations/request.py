"""What a request brings with it: a context for the lookups that name none, and a pin."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flaghoist.link import logs

if TYPE_CHECKING:
    from flaghoist.client import Client
    from flaghoist.lookup import ContextLike

__all__ = ["ContextOf", "flags_for"]

ContextOf = Callable[[Any], "ContextLike"]
"""Gives the evaluation context of a request; `None`: it has none."""


@contextlib.contextmanager
def flags_for(
    request: object, client: Client, context: ContextOf | None, *, pin: bool
) -> Iterator[None]:
    """Let lookups in the block use the request's context, and with `pin` see one snapshot."""
    with contextlib.ExitStack() as stack:
        if pin:
            stack.enter_context(client.pinned())
        if context is not None:
            stack.enter_context(client.using(_made(context, request)))
        yield


def _made(context: ContextOf, request: object) -> ContextLike:
    try:
        return context(request)
    except Exception:  # noqa: BLE001 - the application's function; flags take no request down
        logs.failed("request_context", "the evaluation context of a request could not be made")
        return None
