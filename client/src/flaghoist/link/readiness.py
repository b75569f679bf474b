"""A door that opens once, for threads and for coroutines of any loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Readiness"]


class Readiness:
    """Open as soon as waiting longer would bring nothing better.

    That is when a server's flags are in use; or when the server was tried in vain and there are
    flags from another source; or when nothing is coming.
    """

    def __init__(self, *, is_open: bool = False) -> None:
        self._event = threading.Event()
        self._waiting: list[Callable[[], None]] = []
        if is_open:
            self._event.set()

    @property
    def is_open(self) -> bool:
        return self._event.is_set()

    def open(self) -> None:
        """Let everyone through, now and later."""
        self._event.set()
        # Popped one by one: a callback that is added meanwhile is called here or by `on_open`.
        while self._waiting:
            self._waiting.pop()()

    def on_open(self, callback: Callable[[], None]) -> None:
        """Call back once, from any thread, when it is open; perhaps at once, perhaps twice."""
        self._waiting.append(callback)
        if self.is_open:
            callback()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait in a thread. Whether it is open."""
        return self._event.wait(timeout_s)
