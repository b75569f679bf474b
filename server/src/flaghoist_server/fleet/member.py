"""One stream of one SDK in the fleet."""

from __future__ import annotations

import sys

from flaghoist.protocol.messages import Hello
from flaghoist_server.fleet.receipt import Receipt

__all__ = ["Member"]

_NEVER = sys.maxsize


class Member:
    """What the server knows of an SDK that is connected.

    `version` is what it has applied of the environment's present epoch; `NOTHING` before that.
    It is connected since `number`. `stints` are the spans of numbers in which it was connected
    before, also over streams that this one has taken the place of: receipts opened in them count
    it as well.
    """

    __slots__ = (
        "app",
        "build",
        "connected_at",
        "instance",
        "number",
        "rejected",
        "sdk",
        "stints",
        "version",
    )

    NOTHING = -1

    def __init__(self, hello: Hello, number: int, now: float) -> None:
        self.instance = hello.instance
        self.app = hello.app
        self.build = hello.build
        self.sdk = f"{hello.sdk} {hello.sdk_version}".strip()
        self.number = number
        self.connected_at = now
        self.version = self.NOTHING
        self.rejected: dict[str, str] = {}
        self.stints: tuple[tuple[int, int], ...] = ()

    def left(self, number: int) -> None:
        """It is no longer connected: receipts from `number` on do not count it."""
        self.stints = (*self.stints, (self.number, number))
        self.number = _NEVER

    def was_there(self, receipt: Receipt) -> bool:
        """Whether it was connected when the receipt was opened."""
        if self.number < receipt.number:
            return True
        return any(since < receipt.number < until for since, until in self.stints)
