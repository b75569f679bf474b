"""The SDK's end of a stream as a table: what is found, what is done about it, what comes next.

Rules: data only. The driver is `client_session`; no socket, no clock, no decision is here that
is not in the table.

Theory. A frame is first *judged* against what the SDK has, which yields a `Finding`. What to do
about a finding depends on the state of the stream, and stands in `REACTIONS`, a table from
(state, finding) to (reaction, next state).

    OPENING    hello is sent; the server owes its first answer
    LIVE       what the SDK has is what the server says
    RESYNCING  the SDK has asked for a full snapshot; whatever is not one is passed over
    LEFT       this stream is given up: nothing is obeyed any more

Four rules are what the table keeps:

1. *Never older.* In one epoch a version only rises. A server that stands below what the SDK had
   when it said hello is left for another one, not obeyed.
2. *Another epoch only whole.* Only a full snapshot may bring one; a delta of another epoch is a
   gap, which asks for the snapshot.
3. *Nothing is believed unseen.* A full snapshot or delta is built aside (`Build`), its hash is
   compared (`built`), and only then does it take the place of what was good (`Swap`).
4. *No loop is tight.* A resync is asked for at most `RESYNC_LIMIT` times on one stream, and is
   never asked for again while one is owed; then the stream is left, and leaving costs a backoff.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from flaghoist.protocol.messages import Delta, Full

__all__ = [
    "REACTIONS",
    "RESYNC_LIMIT",
    "UNBUILDABLE",
    "UNREMARKABLE",
    "Build",
    "Effect",
    "Finding",
    "Leave",
    "Move",
    "Note",
    "Reaction",
    "Send",
    "State",
    "Swap",
]

RESYNC_LIMIT = 3
"""A stream that does not fit a fourth time is broken, not unlucky."""

UNBUILDABLE = "none"
"""In place of a hash: nothing could be built of the message."""


class State(Enum):
    OPENING = "opening"
    LIVE = "live"
    RESYNCING = "resyncing"
    LEFT = "left"


class Finding(Enum):
    """What a frame, or its absence, means for what the SDK has."""

    WHOLE = "a full snapshot, as new or newer"
    NEXT = "a delta that starts where the SDK stands"
    SOUND = "what was built has the hash that was announced"
    CORRUPT = "what was built has another hash than was announced"
    CURRENT = "the server stands where the SDK stands"
    REPEATED = "news that the SDK already has"
    GAP = "the server is ahead, or in another epoch, and something is missing between"
    DIVERGED = "the same position with another hash"
    BEHIND = "the server is older than what the SDK has"
    FOREIGN = "flags of another environment"
    GOODBYE = "the server is about to close"
    UNKNOWN = "a type of message that this version does not know"
    MALFORMED = "no message at all"
    SILENT = "nothing came for too long"


class Reaction(Enum):
    BUILD = "build what came, aside"
    SWAP = "let it take the place of what was good, acknowledge it"
    ACK = "acknowledge what the SDK has"
    RESYNC = "ask for a full snapshot"
    MOVE = "open another stream before this one closes"
    SKIP = "pass over it"
    LEAVE = "give this stream up"


_Row = dict[Finding, tuple[Reaction, State | None]]
"""finding -> (reaction, next state; `None`: the same)."""

_ALWAYS: _Row = {
    Finding.WHOLE: (Reaction.BUILD, None),
    Finding.SOUND: (Reaction.SWAP, State.LIVE),
    Finding.REPEATED: (Reaction.ACK, None),
    Finding.GOODBYE: (Reaction.MOVE, None),
    Finding.UNKNOWN: (Reaction.SKIP, None),
    Finding.BEHIND: (Reaction.LEAVE, State.LEFT),
    Finding.FOREIGN: (Reaction.LEAVE, State.LEFT),
    Finding.MALFORMED: (Reaction.LEAVE, State.LEFT),
    Finding.SILENT: (Reaction.LEAVE, State.LEFT),
}

_WHILE_NOTHING_IS_OWED: _Row = {
    Finding.NEXT: (Reaction.BUILD, None),
    Finding.GAP: (Reaction.RESYNC, State.RESYNCING),
    Finding.DIVERGED: (Reaction.RESYNC, State.RESYNCING),
    Finding.CORRUPT: (Reaction.RESYNC, State.RESYNCING),
}

_WHILE_A_SNAPSHOT_IS_OWED: _Row = {
    Finding.NEXT: (Reaction.SKIP, None),
    Finding.GAP: (Reaction.SKIP, None),
    Finding.DIVERGED: (Reaction.SKIP, None),
    Finding.CURRENT: (Reaction.SKIP, None),
    Finding.CORRUPT: (Reaction.LEAVE, State.LEFT),
}

REACTIONS: dict[State, _Row] = {
    State.OPENING: {
        **_ALWAYS,
        **_WHILE_NOTHING_IS_OWED,
        Finding.CURRENT: (Reaction.ACK, State.LIVE),
    },
    State.LIVE: {
        **_ALWAYS,
        **_WHILE_NOTHING_IS_OWED,
        Finding.CURRENT: (Reaction.SKIP, None),
    },
    State.RESYNCING: {**_ALWAYS, **_WHILE_A_SNAPSHOT_IS_OWED},
    State.LEFT: dict.fromkeys(Finding, (Reaction.SKIP, None)),
}
"""(state, finding) -> (reaction, next state). Complete: a test says so."""

UNREMARKABLE = (Finding.WHOLE, Finding.NEXT, Finding.SOUND, Finding.CURRENT, Finding.GOODBYE)
"""What needs no note."""


class Send(msgspec.Struct, frozen=True):
    """Write these bytes as one text frame."""

    data: bytes


class Build(msgspec.Struct, frozen=True):
    """Build the snapshot that this message leads to, aside, and call `built` with its hash.

    What cannot be built at all is `built` with `UNBUILDABLE`.
    """

    message: Full | Delta


class Swap(msgspec.Struct, frozen=True):
    """Let what was built take the place of the snapshot in use."""

    new_epoch: bool = False


class Move(msgspec.Struct, frozen=True):
    """Open another stream within `spread_ms`, and close this one when the other is live."""

    spread_ms: int
    reason: str


class Leave(msgspec.Struct, frozen=True):
    """Close this stream and open another after a backoff."""

    finding: Finding
    detail: str


class Note(msgspec.Struct, frozen=True):
    """Nothing to do but to count it, and to say so once."""

    finding: Finding
    detail: str


Effect = Send | Build | Swap | Move | Leave | Note
