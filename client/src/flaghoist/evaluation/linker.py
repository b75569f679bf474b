"""From documents to compiled flags, those that a flag refers to before the flag itself.

An *item* is a flag or a segment, named `flag:KEY` or `segment:NAME`. A linker starts from what
is compiled already, compiles the items that it is told to, and sets aside each one that cannot
be: that item keeps its last good form if it has one, and the reason is noted. An item that
refers to one without any good form cannot be used either.

The order is found in rounds, each compiling what waits for nothing any more. Rounds are bounded
as the depth of references is; what is left over then refers to itself, or is too deep.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from msgspec import UNSET

from flaghoist.errors import FlaghoistError
from flaghoist.evaluation.compiled import CompiledFlag
from flaghoist.evaluation.compiler import compile_flag, compile_when
from flaghoist.evaluation.conditions import Condition
from flaghoist.evaluation.counters import Counters
from flaghoist.model.decode import decode_flag, decode_segment
from flaghoist.model.flag import Flag, Segment, When
from flaghoist.model.limits import MAX_CONDITION_DEPTH, MAX_REQUIRES_DEPTH

__all__ = ["Linker", "flag_item", "segment_item", "with_dependents"]

_FLAG = "flag:"
_SEGMENT = "segment:"
_NONE: frozenset[str] = frozenset()
_ROUNDS = MAX_CONDITION_DEPTH + MAX_REQUIRES_DEPTH + 2


def flag_item(key: str) -> str:
    """What the flag is called among the items."""
    return _FLAG + key


def segment_item(name: str) -> str:
    """What the segment is called among the items."""
    return _SEGMENT + name


def with_dependents(items: Iterable[str], dependents: Mapping[str, frozenset[str]]) -> set[str]:
    """The items and all that refer to them, directly or through others."""
    found = set(items)
    open_ends = list(found)
    while open_ends:
        for item in dependents.get(open_ends.pop(), _NONE):
            if item not in found:
                found.add(item)
                open_ends.append(item)
    return found


class Linker:
    """Compiles items. Its mappings start as the last snapshot's and end as the next one's."""

    __slots__ = (
        "_counters",
        "_documents",
        "_open",
        "_segments",
        "_waiting",
        "conditions",
        "flags",
        "references",
        "rejected",
    )

    flags: dict[str, CompiledFlag]
    conditions: dict[str, Condition]
    """Of the segments, by name."""
    rejected: dict[str, str]
    """Items that cannot be used as they are, and why."""
    references: dict[str, frozenset[str]]
    """Item -> items that it refers to, for those that refer to any."""

    def __init__(
        self,
        flags: dict[str, CompiledFlag],
        conditions: dict[str, Condition],
        rejected: dict[str, str],
        references: dict[str, frozenset[str]],
        counters: Counters,
    ) -> None:
        self.flags = flags
        self.conditions = conditions
        self.rejected = rejected
        self.references = references
        self._counters = counters
        self._documents: Mapping[str, tuple[int, bytes]] = {}
        self._segments: Mapping[str, bytes] = {}
        self._waiting: dict[str, Flag | Segment] = {}
        self._open: set[str] = set()

    def link(
        self,
        items: set[str],
        documents: Mapping[str, tuple[int, bytes]],
        segments: Mapping[str, bytes],
    ) -> None:
        """Compile these items from their documents; one without a document is dropped."""
        self._documents = documents
        self._segments = segments
        self._open = set(items)
        # Segments first: then a flag waits for nothing but the flags that it requires.
        for item in sorted(items, reverse=True):
            self._begin(item)
        for _ in range(_ROUNDS):
            ready = [item for item in self._waiting if not self._waits(item)]
            if not ready:
                break
            for item in ready:
                self._finish(item, self._waiting.pop(item))
        for item in self._waiting:
            self.rejected[item] = "it refers to itself, or to others too deep"

    def _begin(self, item: str) -> None:
        self.rejected.pop(item, None)
        self.references.pop(item, None)
        try:
            document = self._read(item)
        except FlaghoistError as error:
            self.rejected[item] = str(error)
            self._open.discard(item)
            return
        if document is None:
            self._drop(item)
            return
        references = _references(document)
        if references:
            self.references[item] = references
        if self._waits(item):
            self._waiting[item] = document
        else:
            self._finish(item, document)

    def _waits(self, item: str) -> bool:
        """Whether it refers to an item that is still to come."""
        for other in self.references.get(item, _NONE):
            if other in self._open:
                return True
        return False

    def _read(self, item: str) -> Flag | Segment | None:
        if item.startswith(_FLAG):
            key = item[len(_FLAG) :]
            entry = self._documents.get(key)
            return None if entry is None else decode_flag(key, entry[1])
        name = item[len(_SEGMENT) :]
        raw = self._segments.get(name)
        return None if raw is None else decode_segment(name, raw)

    def _drop(self, item: str) -> None:
        self._open.discard(item)
        if item.startswith(_FLAG):
            self.flags.pop(item[len(_FLAG) :], None)
        else:
            self.conditions.pop(item[len(_SEGMENT) :], None)

    def _finish(self, item: str, document: Flag | Segment) -> None:
        self._open.discard(item)
        try:
            if isinstance(document, Flag):
                # Interned as the constant in an application is: found without comparing texts.
                key = sys.intern(item[len(_FLAG) :])
                version, raw = self._documents[key]
                self.flags[key] = compile_flag(
                    key, document, version, raw, self._counters, self.conditions, self.flags
                )
            else:
                name = item[len(_SEGMENT) :]
                self.conditions[name] = compile_when(name, document.when, self.conditions)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs this one item only
            self.rejected[item] = str(error) or type(error).__name__


def _references(document: Flag | Segment) -> frozenset[str]:
    if isinstance(document, Segment):
        named: list[str] = []
        _add_segments(document.when, named)
        return frozenset(named)
    found = [_FLAG + requirement.flag for requirement in document.requires]
    for rule in document.rules:
        if rule.when is not None:
            _add_segments(rule.when, found)
    return frozenset(found) if found else _NONE


def _add_segments(when: When, found: list[str]) -> None:
    if when.segment is not UNSET:
        found.append(_SEGMENT + when.segment)
    elif when.not_ is not UNSET:
        _add_segments(when.not_, found)
    elif when.all is not UNSET:
        for part in when.all:
            _add_segments(part, found)
    elif when.any is not UNSET:
        for part in when.any:
            _add_segments(part, found)
