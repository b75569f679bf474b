"""A change: one entry of an environment's log. Who, why, when, and what was before and after.

The log is the truth: state, history, undo, time travel and the audit are read from it. An entry
holds whole flag documents (canonical JSON, see `flaghoist.model`), so that any one of them can be
read without the ones before it.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

__all__ = ["Change", "ChangeKind", "Edit"]

ChangeKind = Literal["create", "apply", "on", "off", "kill", "ramp", "undo", "import", "restore"]


class Edit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document before and after; read it by `old` and `new`, make it by `of`.

    The fields are JSON in JSON. `UNSET` is *absent* and not `None`, because msgspec decodes no
    `Raw | None`: it takes every document for a wrong null.
    """

    before: msgspec.Raw | UnsetType = UNSET
    after: msgspec.Raw | UnsetType = UNSET

    @classmethod
    def of(cls, old: bytes | None, new: bytes | None) -> Edit:
        """From one canonical document to another; None is *absent*."""
        return cls(
            UNSET if old is None else msgspec.Raw(old),
            UNSET if new is None else msgspec.Raw(new),
        )

    @property
    def old(self) -> bytes | None:
        """The document before; None: there was none."""
        return None if self.before is UNSET else bytes(self.before)

    @property
    def new(self) -> bytes | None:
        """The document after; None: it was removed."""
        return None if self.after is UNSET else bytes(self.after)


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
