"""What the demo knows while it runs: its processes, what each has served, and the last changes.

Rules: no I/O and no clock; whoever observes something says when it was. The screen and the plain
log are drawn from this and from nothing else.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from flaghoist_server.terminal.words import name_of

__all__ = ["ChangeSeen", "Process", "Receipt", "Scene"]

RECENT_SECONDS = 5.0
CHANGES_KEPT = 6


@dataclass
class Process:
    """One process of the storefront, as seen from outside."""

    name: str
    build: str
    port: int = 0
    version: int = 0
    applied_at: dict[int, float] = field(default_factory=dict)
    served: Counter[str] = field(default_factory=Counter)
    """`checkout=one-page` and the like, since the process has applied its version."""
    answers: deque[float] = field(default_factory=lambda: deque(maxlen=200))
    failures: int = 0
    ended: bool = False

    def applies(self, version: int, at: float) -> None:
        """It serves by this version from now on: what was served before no longer counts."""
        self.applied_at.setdefault(version, at)
        if version != self.version:
            self.version = version
            self.served.clear()

    def answers_with(self, served: str, at: float) -> None:
        """It has answered a request and named what it served (`a=b; c=d`)."""
        self.answers.append(at)
        self.served.update(part for part in served.split("; ") if part)

    def has_since(self, version: int) -> float | None:
        """When this version came to it, alone or with a later one; None: it has yet to come.

        What it started with did not come to it: that says nothing about how fast a change is.
        """
        arrivals = list(self.applied_at.items())[1:]
        return min((at for one, at in arrivals if one >= version), default=None)

    def started_with(self, version: int) -> bool:
        """Whether it had this version from its start on."""
        return any(one >= version for one in list(self.applied_at)[:1])

    def rate(self, now: float) -> float:
        """Requests a second, lately."""
        return sum(now - at <= RECENT_SECONDS for at in self.answers) / RECENT_SECONDS

    def share(self, feature: str, variant: str) -> float | None:
        """Which part of those asked got this variant of a feature; None before anyone asked."""
        asked = sum(n for what, n in self.served.items() if what.startswith(f"{feature}="))
        return self.served[f"{feature}={variant}"] / asked if asked else None


class Receipt(NamedTuple):
    """How many of the processes have a change; `took` is None where all started with it."""

    processes: int
    applied: int
    took: float | None


@dataclass(frozen=True)
class ChangeSeen:
    """An entry of the environment's history."""

    version: int
    at: float
    actor: str
    kind: str
    what: str
    reason: str

    @classmethod
    def of(cls, entry: dict[str, Any], what: str) -> ChangeSeen:
        """The entry as the API gives it; `what` is said of it."""
        at = datetime.fromisoformat(entry["at"]).timestamp()
        actor = name_of(entry["actor"])
        return cls(entry["version"], at, actor, entry["kind"], what, entry.get("reason", ""))


@dataclass
class Scene:
    """All of it."""

    processes: list[Process]
    flags: list[dict[str, Any]] = field(default_factory=list)
    changes: list[ChangeSeen] = field(default_factory=list)
    """Newest first."""
    server: str = ""
    """Empty while the server runs; else what is to be said about it."""
    server_pid: int = 0
    page: str = ""
    token: str = ""

    @property
    def version(self) -> int:
        """The newest version that is known."""
        return max(
            [0, *(change.version for change in self.changes), *(p.version for p in self.processes)]
        )

    def receipt(self, change: ChangeSeen) -> Receipt:
        """Who has a change, and how long it took to come to them."""
        took = [
            max(0.0, since - change.at)
            for process in self.processes
            if not process.started_with(change.version)
            if (since := process.has_since(change.version)) is not None
        ]
        older = sum(process.started_with(change.version) for process in self.processes)
        return Receipt(len(self.processes), len(took) + older, max(took, default=None))
