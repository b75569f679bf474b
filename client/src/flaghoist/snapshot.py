"""An environment at one position: every flag compiled, never changed, replaced whole.

A reader holds one snapshot and sees it whole. A change makes a new snapshot out of the old one:
it copies two dictionaries, compiles what changed and what refers to it, and shares the rest. A
document that cannot be compiled sets its one flag aside: the flag keeps its last good form, or is
absent if there was none, and `rejected` says why.

`documents` and `segments` are as they were received, good or not, and `hash` is taken over them:
it can be compared with the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flaghoist.evaluation.compiled import CompiledFlag
from flaghoist.evaluation.conditions import Condition
from flaghoist.evaluation.counters import Counters
from flaghoist.evaluation.linker import Linker, flag_item, segment_item, with_dependents
from flaghoist.model.digest import item_hash, shift_hash, state_hash

__all__ = ["Snapshot"]


class Snapshot:
    """What an SDK knows of an environment at (epoch, version)."""

    __slots__ = (
        "_conditions",
        "_counters",
        "_dependents",
        "_references",
        "_rejected_items",
        "documents",
        "environment",
        "epoch",
        "flags",
        "hash",
        "rejected",
        "segments",
        "version",
    )

    environment: str
    epoch: str
    version: int
    hash: str
    documents: dict[str, tuple[int, bytes]]
    """Flag key -> the version in which it last changed, and its document."""
    segments: dict[str, bytes]
    flags: dict[str, CompiledFlag]
    rejected: dict[str, str]
    """Flag key (or `segment:NAME`) -> why its document cannot be used."""

    def __init__(self, environment: str, epoch: str, version: int, counters: Counters) -> None:
        self.environment = environment
        self.epoch = epoch
        self.version = version
        self.hash = state_hash(())
        self.documents = {}
        self.segments = {}
        self.flags = {}
        self.rejected = {}
        self._counters = counters
        self._conditions: dict[str, Condition] = {}
        self._references: dict[str, frozenset[str]] = {}
        self._dependents: dict[str, frozenset[str]] = {}
        self._rejected_items: dict[str, str] = {}

    @property
    def loaded(self) -> bool:
        """Whether this is an environment's state, and not the nothing that a client starts with."""
        return self.epoch != ""

    @staticmethod
    def empty(counters: Counters | None = None) -> Snapshot:
        """What a client knows before it knows anything."""
        return Snapshot("", "", 0, Counters() if counters is None else counters)

    @staticmethod
    def of(
        environment: str,
        epoch: str,
        version: int,
        flags: Mapping[str, tuple[int, bytes]],
        segments: Mapping[str, bytes],
        previous: Snapshot | None = None,
        counters: Counters | None = None,
    ) -> Snapshot:
        """The snapshot of a whole environment.

        What did not change since `previous` is taken from it, and a flag that cannot be used
        keeps the good form that it has there. Tallies come from `counters`, else from `previous`.
        """
        before = Snapshot.empty(counters) if previous is None else previous
        return before._next(
            environment,
            epoch,
            version,
            _difference(before.documents, flags),
            _difference(before.segments, segments),
        )

    def changed(
        self,
        version: int,
        flags: Mapping[str, tuple[int, bytes] | None],
        segments: Mapping[str, bytes | None],
    ) -> Snapshot:
        """The snapshot after a change; `None` in place of a document removes it."""
        return self._next(self.environment, self.epoch, version, flags, segments)

    def _next(
        self,
        environment: str,
        epoch: str,
        version: int,
        flags: Mapping[str, tuple[int, bytes] | None],
        segments: Mapping[str, bytes | None],
    ) -> Snapshot:
        after = Snapshot(environment, epoch, version, self._counters)
        after.documents = _applied(self.documents, flags)
        after.segments = _applied(self.segments, segments)
        after.hash = self._hash_with(flags, segments)
        self._link(after, [*map(flag_item, flags), *map(segment_item, segments)])
        return after

    def _hash_with(
        self,
        flags: Mapping[str, tuple[int, bytes] | None],
        segments: Mapping[str, bytes | None],
    ) -> str:
        removed: list[int] = []
        added: list[int] = []
        for key, entry in flags.items():
            old = self.documents.get(key)
            if old is not None:
                removed.append(item_hash("flag", key, old[1]))
            if entry is not None:
                added.append(item_hash("flag", key, entry[1]))
        for name, raw in segments.items():
            old_raw = self.segments.get(name)
            if old_raw is not None:
                removed.append(item_hash("segment", name, old_raw))
            if raw is not None:
                added.append(item_hash("segment", name, raw))
        return shift_hash(self.hash, removed=removed, added=added)

    def _link(self, after: Snapshot, items: list[str]) -> None:
        linker = Linker(
            self.flags.copy(),
            self._conditions.copy(),
            self._rejected_items.copy(),
            self._references.copy(),
            self._counters,
        )
        affected = with_dependents(items, self._dependents)
        linker.link(affected, after.documents, after.segments)
        after.flags = linker.flags
        after._conditions = linker.conditions
        after._references = linker.references
        after._rejected_items = linker.rejected
        after.rejected = {item.removeprefix("flag:"): why for item, why in linker.rejected.items()}
        after._dependents = self._dependents_after(affected, linker.references)

    def _dependents_after(
        self, items: set[str], references: Mapping[str, frozenset[str]]
    ) -> dict[str, frozenset[str]]:
        moved = [item for item in items if references.get(item) != self._references.get(item)]
        if not moved:
            return self._dependents
        dependents = {item: set(others) for item, others in self._dependents.items()}
        for item in moved:
            for other in self._references.get(item, frozenset()):
                dependents[other].discard(item)
            for other in references.get(item, frozenset()):
                dependents.setdefault(other, set()).add(item)
        return {item: frozenset(others) for item, others in dependents.items() if others}


def _applied(before: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    after = before.copy()
    for name, value in changes.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    for name in before:
        if name not in after:
            changes[name] = None
    return changes
