"""A change: one entry of an environment's log. Who, why, when, and what was before and after.

The log is the truth: state, history, undo, time travel and the audit are read from it. An entry
holds whole flag documents (canonical JSON, see `flaghoist.model`), so that any one of them can be
read without the ones before it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Change", "ChangeKind", "Edit"]

ChangeKind = Literal["create", "apply", "on", "off", "kill", "ramp", "undo", "import", "restore"]


class Edit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document before and after, canonical JSON; `None` is *absent*."""

    before: msgspec.Raw | None = None
    after: msgspec.Raw | None = None


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """Version `version` of environment `environment` in history `epoch`.

    `at` is UTC, RFC 3339 with milliseconds. `parent` is the hash of the entry before it and
    `hash` the SHA-256 of this entry's canonical JSON without `hash`: the chain that
    `flaghoist audit verify` walks.
    """

    environment: str
    epoch: str
    version: int
    kind: ChangeKind
    at: str
    actor: str
    reason: str = ""
    flags: dict[str, Edit] = msgspec.field(default_factory=dict)
    segments: dict[str, Edit] = msgspec.field(default_factory=dict)
    note: str = ""
    parent: str = ""
    hash: str = ""
