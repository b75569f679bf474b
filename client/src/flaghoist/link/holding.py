"""What a client holds and knows: the flags in use, where they came from, how the link fares.

Rules: written by the link's thread only (before that thread is started, by whoever starts it),
read by everyone, without a lock: each fact is one reference. The clock is monotonic; it never
tells the time of day. Nothing heavy is imported here.

A trouble is logged when it begins and when it is over, not each time that it is met again.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from flaghoist.link import logs
from flaghoist.link.readiness import Readiness
from flaghoist.link.status import Source, Status, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from flaghoist.link.engine import Engine
    from flaghoist.link.settings import Settings
    from flaghoist.snapshot import Snapshot

__all__ = ["FROM_A_SERVER", "Holding"]

FROM_A_SERVER: tuple[Source, ...] = ("server", "cache")
"""Sources whose position a server knows."""

_HARMLESS = ("repeated", "unknown")
_DIVERGED = ("diverged", "corrupt")


class Holding:
    """One client's state under one set of settings."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.readiness = Readiness()
        self.listeners: tuple[Callable[[frozenset[str]], object], ...] = ()
        self.source: Source = "none"
        self.transport: Transport = "none"
        self.url = ""
        self.cache = "nothing written yet" if settings.cache_dir else "off"
        self.last_error: str | None = None
        self.reconnects = 0
        self.instance = _instance_name()
        self.adoptions = 0
        """Rises with each snapshot taken: what changed hands since is seen by comparing."""
        self.retired = False
        """The client follows something else by now: whatever still comes in here is too late."""
        self._fresh_at: float | None = None
        self._notes: dict[str, int] = {}
        self._trouble = ""

    @property
    def snapshot(self) -> Snapshot:
        """What the application sees. For the link's thread: it loads the evaluator."""
        return self.engine.load().snapshot

    def adopt(self, snapshot: Snapshot, source: Source) -> None:
        """Let the application see this snapshot, and tell who listens what changed."""
        before = self.engine.give(snapshot, lambda: not self.retired)
        if before is None:
            return
        self.source = source
        self.adoptions += 1
        if self.listeners:
            self._tell(_changed_keys(before, snapshot))

    def follows(self, transport: Transport, url: str) -> None:
        """A source is being followed: what is in use is what it has."""
        if self._trouble:
            logs.info("link_recovered", "flags are live again from %s", url)
        self._trouble = ""
        self.transport = transport
        self.url = url
        self.confirm()
        self.readiness.open()

    def confirm(self) -> None:
        """What is in use is the newest, as of now."""
        self._fresh_at = time.monotonic()

    def lost(self) -> None:
        """Nothing is being followed any more."""
        self.transport = "none"

    def trouble(self, kind: str, text: str) -> None:
        """Something went wrong; the log is told if it is not what went wrong before."""
        self.last_error = text
        if kind != self._trouble:
            self._trouble = kind
            logs.warn("link_trouble", "%s; %s", text, self._still_serving())

    def note(self, name: str, detail: str) -> None:
        """The protocol met something unusual. The log is told the first time."""
        count = self._notes.get(name, 0) + 1
        self._notes = self._notes | {name: count}
        if name not in _HARMLESS:
            self.last_error = detail
        if count == 1:
            logs.warn(f"link_{name}", "%s; %s", detail, self._still_serving())

    def nothing_better_comes(self) -> None:
        """For now: whoever waits need not wait if there are flags."""
        if self.engine.flags_loaded:
            self.readiness.open()

    def forked(self) -> None:
        """In a child: its own name, nobody connected, and locks that nobody holds."""
        self.instance = _instance_name()
        self.readiness = Readiness(is_open=self.readiness.is_open)
        self.transport = "none"
        self.reconnects = 0

    def status(self) -> Status:
        """Everything of this moment."""
        lookup = self.engine.lookup
        snapshot = None if lookup is None else lookup.snapshot
        fresh_at, notes = self._fresh_at, self._notes
        return Status(
            ready=self.engine.flags_loaded,
            connected=self.transport != "none",
            source=self.source,
            transport=self.transport,
            environment=(snapshot.environment if snapshot else "") or self.settings.environment,
            epoch=snapshot.epoch if snapshot and self.source in FROM_A_SERVER else "",
            version=snapshot.version if snapshot else 0,
            flags=len(snapshot.flags) if snapshot else 0,
            age_seconds=None if fresh_at is None else time.monotonic() - fresh_at,
            last_error=self.last_error,
            rejected=dict(snapshot.rejected) if snapshot else {},
            compiled=self.engine.compiled,
            instance=self.instance,
            url=self.url,
            reconnects=self.reconnects,
            divergences=sum(notes.get(name, 0) for name in _DIVERGED),
            notes=dict(notes),
            cache=self.cache,
        )

    def _still_serving(self) -> str:
        if self.source == "none":
            return "there are no flags yet, and defaults are served"
        return f"version {self.snapshot.version} from the {self.source} stays in use"

    def _tell(self, keys: frozenset[str]) -> None:
        if not keys:
            return
        for listener in self.listeners:
            try:
                listener(keys)
            except Exception:  # noqa: BLE001 - the application's code, in our thread
                logs.failed("on_change", "a callback of on_change failed")


def _changed_keys(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Keys that came, went, or are compiled anew, also because of what they refer to."""
    old, new = before.flags, after.flags
    changed = {key for key, flag in new.items() if old.get(key) is not flag}
    return frozenset(changed.union(key for key in old if key not in new))


def _instance_name() -> str:
    """A name that a person finds the process by, and that no other process has."""
    host = ""
    with contextlib.suppress(AttributeError, OSError):
        host = os.uname().nodename[:100] + "-"
    return f"{host}{os.getpid()}-{os.urandom(4).hex()}"
