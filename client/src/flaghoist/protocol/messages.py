"""What travels between server and SDK: one struct per message, JSON, tagged by `type`.

Rules: no socket, no clock, no state here. A message carries flags as `msgspec.Raw`, so that
reading a message never fails because of one flag in it. Unknown *fields* are ignored and unknown
message *types* are skipped by the receiver: that is how versions N and N+1 talk.

Every message that speaks of data carries its position: the pair (epoch, version). `hash` is the
state hash of the environment at that position (see `flaghoist.model.digest.state_hash`), 16 hex
digits, and is how a divergence is found.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "PROTOCOL_VERSION",
    "REMOVED",
    "Ack",
    "ClientMessage",
    "Current",
    "Delta",
    "FlagEntry",
    "Full",
    "Goodbye",
    "Heartbeat",
    "Hello",
    "Report",
    "Resync",
    "ServerMessage",
]

PROTOCOL_VERSION = 1

REMOVED = msgspec.Raw(b"null")
"""What stands in a delta for a segment that was removed: compare the bytes."""

FlagEntry = tuple[int, msgspec.Raw]
"""(version of the environment in which the flag last changed, the canonical flag document)."""


class Hello(msgspec.Struct, tag="hello", tag_field="type", frozen=True, omit_defaults=True):
    """SDK -> server, the first message on a stream. `epoch`/`version`: what it has, if anything."""

    instance: str
    protocol: int = PROTOCOL_VERSION
    sdk: str = "flaghoist-python"
    sdk_version: str = ""
    app: str = ""
    build: str = ""
    epoch: str = ""
    version: int = 0
    hash: str = ""
    capabilities: tuple[str, ...] = ()


class Ack(msgspec.Struct, tag="ack", tag_field="type", frozen=True):
    """SDK -> server: the snapshot at this position is what the application now sees."""

    epoch: str
    version: int


class Resync(msgspec.Struct, tag="resync", tag_field="type", frozen=True, omit_defaults=True):
    """SDK -> server: what came does not fit what I have; send a full snapshot."""

    reason: str = ""


class Report(msgspec.Struct, tag="report", tag_field="type", frozen=True, omit_defaults=True):
    """SDK -> server, at most once a second: what was evaluated since the last report.

    `counts` maps flag key -> variant name ("" for the caller's default) -> evaluations.
    `rejected` maps flag key -> why this SDK set the flag aside.
    `sequence` rises by one for each report of this instance; a repeat is dropped.
    """

    sequence: int
    counts: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    rejected: dict[str, str] = msgspec.field(default_factory=dict)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Full(msgspec.Struct, tag="full", tag_field="type", frozen=True, omit_defaults=True):
    """Server -> SDK: everything, replacing what the SDK has."""

    environment: str
    epoch: str
    version: int
    hash: str = ""
    flags: dict[str, FlagEntry] = msgspec.field(default_factory=dict)
    segments: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


class Delta(msgspec.Struct, tag="delta", tag_field="type", frozen=True, omit_defaults=True):
    """Server -> SDK: what changed from `base` to `version`; refused unless `base` is what it has.

    `None` in place of a flag's entry, JSON `null` (`REMOVED`) in place of a segment: removed.
    (msgspec decodes no `Raw | None`, so a segment is always `Raw`.)
    """

    epoch: str
    base: int = msgspec.field(name="from")
    version: int = 0
    hash: str = ""
    flags: dict[str, FlagEntry | None] = msgspec.field(default_factory=dict)
    segments: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


class Current(msgspec.Struct, tag="current", tag_field="type", frozen=True, omit_defaults=True):
    """Server -> SDK, in answer to hello: what you have is the newest."""

    epoch: str
    version: int
    hash: str = ""


class Heartbeat(msgspec.Struct, tag="heartbeat", tag_field="type", frozen=True, omit_defaults=True):
    """Server -> SDK every ten seconds: where this environment stands, so that a miss is found."""

    epoch: str
    version: int
    hash: str = ""


class Goodbye(msgspec.Struct, tag="goodbye", tag_field="type", frozen=True, omit_defaults=True):
    """Server -> SDK before it closes: connect anew within `spread_ms`, then leave this stream."""

    reason: str = ""
    spread_ms: int = 0


ServerMessage = Full | Delta | Current | Heartbeat | Goodbye
ClientMessage = Hello | Ack | Resync | Report
