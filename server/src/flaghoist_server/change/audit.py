"""The hash chain of a log: made when an entry is sealed, walked by `flaghoist audit verify`.

An entry's hash is the SHA-256 of its JSON with the hash left out: fields in the order of `Change`,
names sorted, documents as they are. It covers `parent`, the hash of the entry before it, so that
no entry can be altered, left out, put in or moved without breaking the chain at that place. What
a chain cannot show by itself is that its end was cut off: for that `verify` takes the head that
the environment is said to stand at, or one that was written down elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.state import Head

__all__ = ["Break", "chain", "hash_of", "verify"]

_encode = msgspec.json.Encoder().encode


class Break(msgspec.Struct, frozen=True):
    """A place where the history is not what it says: the version, and what is wrong there."""

    version: int
    what: str


def hash_of(change: Change) -> str:
    """The hash that `change` must carry."""
    bare = msgspec.structs.replace(change, hash="")
    return "sha256:" + hashlib.sha256(_encode(bare)).hexdigest()


def chain(change: Change, parent: str) -> Change:
    """`change` sealed: bound to the entry before it, and carrying its own hash."""
    bound = msgspec.structs.replace(
        change,
        parent=parent,
        flags=dict(sorted(change.flags.items())),
        segments=dict(sorted(change.segments.items())),
    )
    return msgspec.structs.replace(bound, hash=hash_of(bound))


def verify(changes: Iterable[Change], head: Head | None = None) -> list[Break]:
    """Every break in a log given from its first entry on, in order; none if it is whole.

    With `head`, the log must also end there.
    """
    return list(_breaks(changes, head))


def _breaks(changes: Iterable[Change], head: Head | None) -> Iterator[Break]:
    last: Change | None = None
    documents: dict[tuple[str, str], bytes] = {}
    for change in changes:
        if change.hash != hash_of(change):
            yield Break(change.version, "the entry was altered: its hash is another")
        yield from _misplaced(last, change)
        yield from _contradictions(documents, change)
        last = change
    if head is not None and (last is None or last.hash != head.hash):
        version = last.version if last else 0
        yield Break(version, f"the log ends here; it should end at {head.version} ({head.hash})")


def _misplaced(last: Change | None, change: Change) -> Iterator[Break]:
    """What is wrong with the place of an entry after `last`."""
    if last is None:
        if change.parent:
            yield Break(change.version, "entries before the first one are missing")
        return
    if change.environment != last.environment:
        yield Break(change.version, f"the entry belongs to environment {change.environment!r}")
    if change.parent != last.hash:
        yield Break(change.version, f"the entry does not follow version {last.version}")
    if change.epoch == last.epoch and change.version != last.version + 1:
        yield Break(change.version, f"the version after {last.version} is missing")
    if change.epoch != last.epoch and change.version <= last.version:
        yield Break(change.version, f"the version does not rise above {last.version}")


def _contradictions(documents: dict[tuple[str, str], bytes], change: Change) -> Iterator[Break]:
    """Documents that an entry says were there before it, and were not."""
    for kind, edits in (("flag", change.flags), ("segment", change.segments)):
        for name, edit in edits.items():
            if edit.old != documents.get((kind, name)):
                yield Break(change.version, f"{kind} {name!r} was another before this entry")
            _put(documents, (kind, name), edit)


def _put(documents: dict[tuple[str, str], bytes], place: tuple[str, str], edit: Edit) -> None:
    if (document := edit.new) is None:
        documents.pop(place, None)
    else:
        documents[place] = document
