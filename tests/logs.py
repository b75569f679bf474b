"""Short logs for tests: entries that follow each other, sealed as the writer seals them."""

from __future__ import annotations

from collections.abc import Mapping

from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change, ChangeKind, Edit
from flaghoist_server.change.fold import empty, fold
from flaghoist_server.change.state import State

__all__ = ["AT", "Log"]

AT = "2027-01-01T00:00:00.000Z"


class Log:
    """One environment's log; `change` adds the next entry and gives it back."""

    def __init__(self, environment: str = "production", epoch: str = "e1") -> None:
        self.environment = environment
        self.epoch = epoch
        self.state: State = empty(environment)
        self.changes: list[Change] = []

    def change(
        self,
        flags: Mapping[str, bytes | None] | None = None,
        segments: Mapping[str, bytes | None] | None = None,
        *,
        kind: ChangeKind = "apply",
        version: int | None = None,
        reason: str = "",
        at: str = AT,
    ) -> Change:
        """The next entry: these documents after it, None for removed."""
        entry = chain(
            Change(
                environment=self.environment,
                epoch=self.epoch,
                version=self.state.head.version + 1 if version is None else version,
                kind=kind,
                at=at,
                actor="ada",
                reason=reason,
                flags={
                    key: Edit.of(self._flag(key), document)
                    for key, document in (flags or {}).items()
                },
                segments={
                    name: Edit.of(self.state.segments.get(name), document)
                    for name, document in (segments or {}).items()
                },
            ),
            self.state.head.hash,
        )
        self.state = fold(self.state, entry)
        self.changes.append(entry)
        return entry

    def create(self) -> Change:
        """The entry that makes the environment."""
        return self.change(kind="create")

    def restart(self, epoch: str, version: int | None = None) -> Change:
        """The entry that begins another epoch."""
        self.epoch = epoch
        return self.change(kind="restore", version=version)

    def _flag(self, key: str) -> bytes | None:
        stored = self.state.flags.get(key)
        return None if stored is None else stored.document
