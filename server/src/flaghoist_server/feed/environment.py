"""One environment as this server has it: its state, and the frames that bring an SDK to it.

Rules: no I/O. A frame is encoded once for everybody who stands at the same position. The recent
changes are kept, so that who has fallen behind a little gets what has changed, merged into one
delta; who stands further back, or in another epoch, gets everything.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Literal

import msgspec

from flaghoist.model.digest import item_hash, shift_hash, state_hash
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import REMOVED, Current, Delta, FlagEntry, Full
from flaghoist.snapshot import Snapshot
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.fold import fold
from flaghoist_server.change.state import Head, State

__all__ = ["RECENT_CHANGES", "LiveEnvironment"]

RECENT_CHANGES = 4096
"""Changes that are kept for those who fall behind: hours of the busiest environment."""

_RECENT_BYTES = 32 * 1024 * 1024
"""What the documents in these changes may have, so that large ones do not hold memory for hours."""

_FRAMES_KEPT = 64
"""Positions for which the frame to the head is kept; SDKs that reconnect share a few."""


class LiveEnvironment:
    """The environment at its head. Only the feed changes it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.hash = _hash_of(state)
        self._recent: deque[Change] = deque()
        self._recent_bytes = 0
        self._frames: dict[tuple[str, int], bytes] = {}
        self._snapshot = Snapshot.empty()

    @property
    def name(self) -> str:
        return self.state.head.environment

    @property
    def head(self) -> Head:
        return self.state.head

    @property
    def recent(self) -> tuple[Change, ...]:
        """The changes of this epoch that are kept, oldest first; the last one made the head."""
        return tuple(self._recent)

    @property
    def snapshot(self) -> Snapshot:
        """The flags compiled, for evaluation on the server; made when it is first asked for."""
        if (self._snapshot.epoch, self._snapshot.version) != (self.head.epoch, self.head.version):
            self._snapshot = self._compiled()
        return self._snapshot

    def apply(self, change: Change) -> None:
        """Go on by one change.

        Raises:
            NotNext: it does not follow the head.
        """
        state = fold(self.state, change)
        self.hash = shift_hash(
            self.hash,
            removed=_hashes(change, "old"),
            added=_hashes(change, "new"),
        )
        if change.epoch == self.head.epoch:
            self._remember(change)
        else:
            self._forget()  # nobody can go on to another epoch by a delta
        self.state = state
        self._frames.clear()

    def replace(self, state: State) -> None:
        """Go to another state; nothing is known of what lies between."""
        self._forget()
        self._frames.clear()
        self.state = state
        self.hash = _hash_of(state)

    def full_frame(self) -> bytes:
        """Everything."""
        return self.frame_since("", 0)

    def frame_since(self, epoch: str, version: int) -> bytes:
        """What brings an SDK from this position to the head: current, delta or full.

        An SDK that is ahead of this server in the same epoch is told where this server stands.
        """
        if epoch != self.head.epoch:
            epoch, version = "", 0  # all strangers get the same
        frame = self._frames.get((epoch, version))
        if frame is None:
            frame = self._frame_since(epoch, version)
            if len(self._frames) < _FRAMES_KEPT:
                self._frames[epoch, version] = frame
        return frame

    def _frame_since(self, epoch: str, version: int) -> bytes:
        head = self.head
        if epoch and version >= head.version:
            return encode(Current(head.epoch, head.version, self.hash))
        delta = self._delta(version) if epoch else None
        return encode(delta if delta is not None else self._full())

    def _full(self) -> Full:
        head = self.head
        return Full(
            environment=head.environment,
            epoch=head.epoch,
            version=head.version,
            hash=self.hash,
            flags={
                key: (flag.version, msgspec.Raw(flag.document))
                for key, flag in self.state.flags.items()
            },
            segments={name: msgspec.Raw(doc) for name, doc in self.state.segments.items()},
        )

    def _delta(self, version: int) -> Delta | None:
        """What changed above `version`, merged; None if not kept, or more than everything."""
        changes = self._since(version)
        if changes is None:
            return None
        flags: dict[str, FlagEntry | None] = {}
        segments: dict[str, msgspec.Raw] = {}
        for change in changes:
            flags |= {key: _entry(change, edit) for key, edit in change.flags.items()}
            segments |= {name: _segment(edit) for name, edit in change.segments.items()}
        if len(flags) + len(segments) > len(self.state.flags) + len(self.state.segments):
            return None
        head = self.head
        return Delta(head.epoch, version, head.version, self.hash, flags, segments)

    def _since(self, version: int) -> list[Change] | None:
        """The kept changes above `version`; None if some are missing."""
        missing = self.head.version - version
        if missing > len(self._recent):
            return None
        return list(islice(self._recent, len(self._recent) - missing, None))

    def _compiled(self) -> Snapshot:
        head, old = self.head, self._snapshot
        changes = self._since(old.version) if old.epoch == head.epoch else None
        if changes is not None:
            return old.changed(
                head.version,
                {
                    key: None if edit.new is None else (change.version, edit.new)
                    for change in changes
                    for key, edit in change.flags.items()
                },
                {name: edit.new for change in changes for name, edit in change.segments.items()},
            )
        flags = {key: (flag.version, flag.document) for key, flag in self.state.flags.items()}
        return Snapshot.of(
            head.environment, head.epoch, head.version, flags, self.state.segments, previous=old
        )

    def _remember(self, change: Change) -> None:
        self._recent.append(change)
        self._recent_bytes += _weight(change)
        while len(self._recent) > RECENT_CHANGES or self._recent_bytes > _RECENT_BYTES:
            self._recent_bytes -= _weight(self._recent.popleft())

    def _forget(self) -> None:
        self._recent.clear()
        self._recent_bytes = 0


def _entry(change: Change, edit: Edit) -> FlagEntry | None:
    return None if edit.new is None else (change.version, msgspec.Raw(edit.new))


def _segment(edit: Edit) -> msgspec.Raw:
    return REMOVED if edit.new is None else msgspec.Raw(edit.new)


def _weight(change: Change) -> int:
    edits = (*change.flags.values(), *change.segments.values())
    return sum(len(edit.old or b"") + len(edit.new or b"") for edit in edits)


def _hash_of(state: State) -> str:
    flags = (item_hash("flag", key, flag.document) for key, flag in state.flags.items())
    segments = (item_hash("segment", name, doc) for name, doc in state.segments.items())
    return state_hash((*flags, *segments))


def _hashes(change: Change, side: Literal["old", "new"]) -> list[int]:
    """The item hashes of all documents before, or after, a change."""
    flags = ((key, getattr(edit, side)) for key, edit in change.flags.items())
    segments = ((name, getattr(edit, side)) for name, edit in change.segments.items())
    return [
        *(item_hash("flag", key, doc) for key, doc in flags if doc is not None),
        *(item_hash("segment", name, doc) for name, doc in segments if doc is not None),
    ]
