"""What a client holds and knows: the snapshot in use, where it came from, how the link fares.

Rules: written by the link's thread only (before that thread is started, by whoever starts it),
read by everyone, without a lock: each fact is one reference. The clock is monotonic; it never
tells the time of day.

A trouble is logged when it begins and when it is over, not each time that it is met again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import Counter
from typing import TYPE_CHECKING

from flaghoist.link.readiness import Readiness
from flaghoist.link.status import Source, Status, Transport
from flaghoist.protocol.client_session import Position
from flaghoist.protocol.messages import Hello
from flaghoist.protocol.reactions import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from flaghoist.link.settings import Settings
    from flaghoist.lookup import Lookup
    from flaghoist.snapshot import Snapshot

__all__ = ["Holding"]

_log = logging.getLogger("flaghoist")

_FROM_A_SERVER: tuple[Source, ...] = ("server", "cache")


class Holding:
    """One client's state. `lookup` is where the application looks up its flags."""

    def __init__(self, lookup: Lookup, settings: Settings, sdk_version: str = "") -> None:
        self.settings = settings
        self.lookup = lookup
        self.readiness = Readiness()
        self.listeners: tuple[Callable[[frozenset[str]], object], ...] = ()
        self.source: Source = "none"
        self.transport: Transport = "none"
        self.url = ""
        self.cache = "off" if not settings.cache_dir else "nothing written yet"
        self.last_error: str | None = None
        self.reconnects = 0
        self.instance = _instance_name()
        self.adoptions = 0
        """Rises with each snapshot taken: what changed hands since is seen by comparing."""
        self._sdk_version = sdk_version
        self._fresh_at: float | None = None
        self._findings: Counter[Finding] = Counter()
        self._trouble = ""

    # What the link's thread says.

    def adopt(self, snapshot: Snapshot, source: Source) -> None:
        """Let the application see this snapshot, and tell who listens what changed."""
        before = self.snapshot
        self.lookup._swap(snapshot)
        self.source = source
        self.adoptions += 1
        if self.listeners:
            self._tell(_changed_keys(before, snapshot))

    def follows(self, transport: Transport, url: str = "") -> None:
        """A source is being followed: what is in use is what it has."""
        if self._trouble:
            _log.info("flags are live again from %s", url, extra={"action": "link_recovered"})
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
        if kind == self._trouble:
            return
        self._trouble = kind
        _log.warning("%s; %s", text, self._still_serving(), extra={"action": f"link_{kind}"})

    def note(self, finding: Finding, detail: str) -> None:
        """The protocol met something unusual."""
        self._findings[finding] += 1
        if finding not in (Finding.REPEATED, Finding.UNKNOWN):
            self.last_error = f"{finding.value}: {detail}"
        if self._findings[finding] == 1:
            _log.warning("%s: %s", finding.value, detail, extra={"action": f"link_{finding.name}"})

    def new_epoch(self, before: Position, after: Position) -> None:
        """The server's history was replaced; everybody should know."""
        _log.warning(
            "the server began a new epoch: %s.%d is now %s.%d; every flag was loaded anew",
            before.epoch,
            before.version,
            after.epoch,
            after.version,
            extra={"action": "link_new_epoch"},
        )

    def nothing_better_comes(self) -> None:
        """For now: whoever waits need not wait if there are flags."""
        if self.snapshot.loaded:
            self.readiness.open()

    def forked(self) -> None:
        """In a child: its own name, nobody connected, and locks that nobody holds."""
        self.instance = _instance_name()
        self.readiness = Readiness(is_open=self.readiness.is_open)
        self.transport = "none"
        self.reconnects = 0

    # What is read.

    @property
    def snapshot(self) -> Snapshot:
        """What the application sees."""
        return self.lookup.snapshot

    @property
    def position(self) -> Position:
        """What this client has, as a server counts it."""
        snapshot = self.snapshot
        if self.source not in _FROM_A_SERVER:
            return Position(self.settings.environment)
        return Position(snapshot.environment, snapshot.epoch, snapshot.version, snapshot.hash)

    def hello(self) -> Hello:
        """Who this client is and what it has."""
        have = self.position
        return Hello(
            self.instance,
            sdk_version=self._sdk_version,
            app=self.settings.app,
            build=self.settings.build,
            epoch=have.epoch,
            version=have.version,
            hash=have.hash,
        )

    def status(self, *, compiled: bool) -> Status:
        """Everything of this moment."""
        snapshot = self.snapshot
        fresh_at = self._fresh_at
        return Status(
            ready=snapshot.loaded,
            connected=self.transport != "none",
            source=self.source,
            transport=self.transport,
            environment=snapshot.environment or self.settings.environment,
            epoch=snapshot.epoch if self.source in _FROM_A_SERVER else "",
            version=snapshot.version,
            flags=len(snapshot.flags),
            age_seconds=None if fresh_at is None else time.monotonic() - fresh_at,
            last_error=self.last_error,
            rejected=dict(snapshot.rejected),
            compiled=compiled,
            instance=self.instance,
            url=self.url,
            reconnects=self.reconnects,
            divergences=self._findings[Finding.DIVERGED] + self._findings[Finding.CORRUPT],
            notes={finding.name.lower(): count for finding, count in self._findings.items()},
            cache=self.cache,
        )

    def _still_serving(self) -> str:
        if self.source == "none":
            return "there are no flags yet, and defaults are served"
        version = self.snapshot.version
        return f"version {version} from the {self.source} stays in use"

    def _tell(self, keys: frozenset[str]) -> None:
        if not keys:
            return
        for listener in self.listeners:
            try:
                listener(keys)
            except Exception:  # noqa: BLE001 - the application's code, in our thread
                _log.exception("a callback of on_change failed", extra={"action": "on_change"})


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
