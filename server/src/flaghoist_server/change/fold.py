"""The one place where a change meets a state: `fold(state, change)` gives the state after it.

Rules: pure, total over entries that follow each other, and the same for every store and the feed.
The state of an environment is the fold of its log; whoever keeps a snapshot keeps the fold of a
beginning of it. An entry of another epoch may stand any number of versions above the one before
it (see `store.port`); inside an epoch each entry is the next.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flaghoist_server.change.change import Change
from flaghoist_server.change.state import Head, State, StoredFlag

__all__ = ["NotNext", "empty", "fold", "fold_all", "follows", "head_of"]


class NotNext(Exception):
    """The change does not follow the state that it was given for: read the log again."""

    def __init__(self, head: Head, change: Change) -> None:
        self.head = head
        self.change = change
        super().__init__(
            f"entry {change.version} of {change.environment!r} (epoch {change.epoch}) does not "
            f"follow version {head.version} of {head.environment!r} (epoch {head.epoch})"
        )


class _Switch(msgspec.Struct):
    """The one field of a flag document that the fold looks at."""

    state: str = "on"


_switch = msgspec.json.Decoder(_Switch)


def empty(environment: str) -> State:
    """The state before the first entry of a log: no epoch, version 0, nothing in it."""
    return State(Head(environment, "", 0), {}, {})


def head_of(change: Change) -> Head:
    """Where an environment stands once `change` is the last entry of its log."""
    return Head(change.environment, change.epoch, change.version, change.hash, change.at)


def follows(head: Head, change: Change) -> bool:
    """Whether `change` is the entry after `head`: in its epoch, or the first of another one."""
    if change.environment != head.environment or change.parent != head.hash:
        return False
    if change.epoch != head.epoch:
        return change.version > head.version
    return change.version == head.version + 1


def fold(state: State, change: Change) -> State:
    """The state after `change`.

    Raises:
        NotNext: it is not the entry that follows.
    """
    return fold_all(state, (change,))


def fold_all(state: State, changes: Iterable[Change]) -> State:
    """The state after all of `changes`, in order; the dictionaries are copied once.

    Raises:
        NotNext: one of them is not the entry that follows.
    """
    head, flags, segments = state.head, dict(state.flags), dict(state.segments)
    for change in changes:
        if not follows(head, change):
            raise NotNext(head, change)
        _edit_flags(flags, change)
        for name, edit in change.segments.items():
            if (document := edit.new) is None:
                segments.pop(name, None)
            else:
                segments[name] = document
        head = head_of(change)
    return State(head, flags, segments)


def _edit_flags(flags: dict[str, StoredFlag], change: Change) -> None:
    for key, edit in change.flags.items():
        if (document := edit.new) is None:
            flags.pop(key, None)
            continue
        flags[key] = StoredFlag(
            version=change.version,
            document=document,
            at=change.at,
            actor=change.actor,
            reason=change.reason,
            kind=change.kind,
            killed_at=_killed_at(flags.get(key), document, change),
        )


def _killed_at(previous: StoredFlag | None, document: bytes, change: Change) -> str:
    """A kill lasts until the flag is on again, whatever else is changed about it meanwhile."""
    if change.kind == "kill":
        return change.at
    if previous is None or not previous.killed_at:
        return ""
    return previous.killed_at if _switch.decode(document).state == "off" else ""
