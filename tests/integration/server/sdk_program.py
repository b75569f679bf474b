"""An application with real SDK clients that looks at its flags all the time and notes what it sees.

It is asked by lines on its standard input and answers each with a line of JSON. What it counts is
what must never be: a version that goes back within an epoch, and a flag that is gone.
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


class Watched:
    """One client and what was seen of it."""

    def __init__(self, options: dict[str, Any], flags: list[str]) -> None:
        self.client = Client(**options)
        self.flags = flags
        self.last: Snapshot = self.client.snapshot
        self.versions: set[int] = set()
        self.seen = {"older": 0, "emptied": 0, "epochs": 0, "looks": 0}
        self.client.on_change(lambda _: self.versions.add(self.client.snapshot.version))

    def look(self) -> None:
        """Compare what it has now with what it had."""
        now, before = self.client.snapshot, self.last
        self.last = now
        self.seen["looks"] += 1
        if not before.loaded:
            return
        self.seen["epochs"] += now.epoch != before.epoch
        self.seen["older"] += now.epoch == before.epoch and now.version < before.version
        for key in self.flags:
            gone = self.client.value(key, "user-1", default=None) is None
            self.seen["emptied"] += gone and key in before.flags

    def tell(self) -> dict[str, Any]:
        status = self.client.status
        return self.seen | {
            "epoch": status.epoch,
            "version": self.client.snapshot.version,
            "hash": self.client.snapshot.hash,
            "connected": status.connected,
            "divergences": status.divergences,
            "error": str(status.last_error or ""),
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
            if line.strip() == "versions":
                answer: Any = [sorted(one.versions) for one in watched]
            else:
                answer = [one.tell() for one in watched]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
