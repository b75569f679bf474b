"""A receipt: of the SDKs that were connected when a change was made, how many have applied it.

Rules: pure. Receipts and members of a fleet draw their numbers from one counter, so *was it
connected then?* is a comparison of two integers, and an ack costs no set operation however many
receipts are open.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Receipt"]


class Receipt:
    """Opened by the change that made `version`. `pending` are those it still waits for.

    connected = applied + pending + gone. An SDK that says farewell is no longer among the
    connected: it evaluates nothing any more. One that is lost without a word may go on evaluating
    what it has, so it stays among them, pending for a while and then `gone`.
    """

    __slots__ = (
        "_when_done",
        "connected",
        "done_at",
        "gone",
        "number",
        "opened_at",
        "pending",
        "version",
    )

    def __init__(self, version: int, number: int, now: float, *, connected: int, has: int) -> None:
        self.version = version
        self.number = number
        self.connected = connected
        self.pending = connected - has
        self.gone = 0
        self.opened_at = now
        self.done_at = None if self.pending else now
        self._when_done: list[Callable[[], None]] = []

    @property
    def applied(self) -> int:
        return self.connected - self.pending - self.gone

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call back once nothing is pending any more; at once if that is so."""
        if self.pending:
            self._when_done.append(callback)
        else:
            callback()

    def confirm(self, now: float) -> None:
        """One of them has applied it."""
        self._one_less(now)

    def dismiss(self, now: float) -> None:
        """One of them has said farewell before it applied it."""
        self.connected -= 1
        self._one_less(now)

    def give_up(self, now: float) -> None:
        """One of them was lost and did not come back."""
        self.gone += 1
        self._one_less(now)

    def _one_less(self, now: float) -> None:
        self.pending -= 1
        if not self.pending:
            self.done_at = now
            for callback in self._when_done:
                callback()
            self._when_done.clear()
