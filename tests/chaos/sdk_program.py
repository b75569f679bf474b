"""A process with real SDK clients that looks at them all the time and writes down what it saw.

It is started by `tests.chaos.sdks` with its arguments as JSON, is asked by lines on its standard
input and answers each with a line of JSON. What it counts is what must never be: a version that
went back within an epoch, and a flag that was there and is not any more.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from flaghoist import Client
from flaghoist.snapshot import Snapshot

LOOK_EVERY_S = 0.02
KEPT_ARRIVALS = 10_000


class Watched:
    """One client and what was seen of it."""

    def __init__(self, options: dict[str, Any], flags: list[str]) -> None:
        self.client = Client(**options)
        self.flags = flags
        self.last: Snapshot = self.client.snapshot
        self.older = 0
        self.emptied = 0
        self.epochs = 0
        self.looks = 0
        self.arrivals: dict[int, float] = {}
        self.client.on_change(self._arrived)

    def _arrived(self, _keys: frozenset[str]) -> None:
        if len(self.arrivals) < KEPT_ARRIVALS:
            self.arrivals.setdefault(self.client.snapshot.version, time.monotonic())

    def look(self) -> None:
        """Compare what it has now with what it had."""
        now = self.client.snapshot
        before, self.last = self.last, now
        self.looks += len(self.flags)
        if not before.loaded:
            return
        if now.epoch != before.epoch:
            self.epochs += 1
        elif now.version < before.version:
            self.older += 1
        for key in self.flags:
            seen = self.client.evaluate(key, "user-1", default=None)
            if seen.value is None and key in before.flags:
                self.emptied += 1

    def tell(self) -> dict[str, Any]:
        status = self.client.status
        return {
            "epoch": status.epoch,
            "version": status.version,
            "hash": self.client.snapshot.hash,
            "connected": status.connected,
            "source": status.source,
            "error": status.last_error,
            "older": self.older,
            "emptied": self.emptied,
            "epochs": self.epochs,
            "looks": self.looks,
            "divergences": status.divergences,
        }


def main() -> None:
    told = json.loads(sys.argv[1])
    watched = [Watched(told["options"], told["flags"]) for _ in range(told["clients"])]
    turn = threading.Lock()

    def look_forever() -> None:
        while True:
            with turn:
                for one in watched:
                    one.look()
            time.sleep(LOOK_EVERY_S)

    threading.Thread(target=look_forever, daemon=True).start()
    for line in sys.stdin:
        with turn:
            if line.strip() == "arrivals":
                answer: Any = [one.arrivals for one in watched]
            else:
                answer = [one.tell() for one in watched]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
