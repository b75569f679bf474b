"""The context of the request that is being served, for lookups that name none.

Rules: nothing of this is on the way of a lookup until the first middleware is made: then the
client hands out methods that ask for the ambient context, in place of the plain ones.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flaghoist.lookup import ContextLike, Lookup

__all__ = ["Ambient"]


class Ambient:
    """One client's ambient context: of this task or thread."""

    def __init__(self) -> None:
        self._context: ContextVar[ContextLike] = ContextVar("flaghoist_context", default=None)

    @contextmanager
    def set(self, context: ContextLike) -> Iterator[None]:
        """Let lookups without a context of their own use this one in a `with` block."""
        token = self._context.set(context)
        try:
            yield
        finally:
            try:
                self._context.reset(token)
            except ValueError:  # the block is left in another task than it was entered in
                self._context.set(None)

    def methods(self, lookup: Lookup) -> dict[str, Callable[..., Any]]:
        """The lookup's methods, asking for the ambient context where none is given."""
        get = self._context.get

        def is_enabled(key: str, context: Any = None, default: bool = False) -> bool:
            return lookup.is_enabled(key, get() if context is None else context, default)

        def value(key: str, context: Any = None, default: Any = None) -> Any:
            return lookup.value(key, get() if context is None else context, default)

        def evaluate(key: str, context: Any = None, default: Any = None) -> Any:
            return lookup.evaluate(key, get() if context is None else context, default)

        def every(context: Any = None) -> dict[str, Any]:
            return lookup.all(get() if context is None else context)

        return {"is_enabled": is_enabled, "value": value, "evaluate": evaluate, "all": every}

    def variants(self, lookup: Lookup, keys: Iterable[str]) -> dict[str, str]:
        """What variants these flags have, of those that have one. Nothing is counted."""
        context = self._context.get()
        found = {key: _variant(lookup, key, context) for key in keys}
        return {key: variant for key, variant in found.items() if variant is not None}


def _variant(lookup: Lookup, key: str, context: ContextLike) -> str | None:
    flag = lookup._find(key)
    if flag is None:
        return None
    try:
        outcome = flag.choose(context)
    except Exception:  # noqa: BLE001 - an attribute may raise whatever it likes
        return None
    return outcome.variant or (None if outcome.absent else "override")
