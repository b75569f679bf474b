"""What programs rely on in answers. Fields may be added here; none is renamed or taken away.

Flags themselves are not typed here: they are as in a flag file, which is described on its own.
A field that is UNSET is left out of the answer.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from flaghoist_server.fleet.board import Instance
from flaghoist_server.fleet.fleet import ReceiptAnswer

__all__ = [
    "Applied",
    "Apply",
    "Change",
    "Edit",
    "Entry",
    "Environment",
    "Environments",
    "Evaluation",
    "Flags",
    "Fleet",
    "History",
    "Issued",
    "Names",
    "Revoked",
    "Token",
    "Tokens",
    "Whoami",
]


class Whoami(msgspec.Struct, frozen=True, kw_only=True):
    """`environment` null: all of them."""

    id: str
    role: str
    environment: str | None
    name: str


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """`flags` and `connected` are how many there are, SDKs those of all servers."""

    environment: str
    epoch: str
    version: int
    flags: int
    connected: int


class Environments(msgspec.Struct, frozen=True, kw_only=True):
    environments: list[Environment]


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. Times are RFC 3339; `expires_at` null: never."""

    id: str
    role: str
    environment: str | None
    name: str
    created_at: str
    expires_at: str | None


class Issued(Token, frozen=True, kw_only=True):
    """`token` is its text: it is not kept and not shown again."""

    token: str


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    tokens: list[Token]


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    revoked: bool


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The last four, the receipt, are there with `wait`."""

    environment: str
    key: str
    version: int
    digest: str | None
    changed: bool
    durable: bool
    notes: list[str]
    connected: int | UnsetType = UNSET
    applied: int | UnsetType = UNSET
    seconds: float | UnsetType = UNSET
    gone: int | UnsetType = UNSET


class Names(msgspec.Struct, frozen=True, kw_only=True):
    added: list[str]
    changed: list[str]
    removed: list[str]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What an apply did in one environment. `receipt` is there with `wait`."""

    environment: str
    version: int
    changed: bool
    flags: Names
    segments: Names
    receipt: ReceiptAnswer | UnsetType = UNSET


class Apply(msgspec.Struct, frozen=True, kw_only=True):
    """`positions` come with `dry_run`: [epoch, version] of each environment, to bind a plan."""

    dry_run: bool
    durable: bool
    changes: list[Applied]
    notes: list[str]
    positions: dict[str, tuple[str, int]] | UnsetType = UNSET


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """`flags` are rows: key, effective state in words, version, digest, last change, applied."""

    environment: str
    epoch: str
    version: int
    flags: list[dict[str, Any]]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it was and as it became; null: there was none."""

    before: Any
    after: Any


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an environment. `hash` chains it to the one before."""

    version: int
    epoch: str
    kind: str
    at: str
    actor: str
    reason: str
    note: str
    flags: dict[str, Edit]
    segments: dict[str, Edit]
    hash: str


class History(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    changes: list[Entry]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """As an SDK evaluates, and why: `trace` has the steps in their order."""

    environment: str
    key: str
    value: Any
    variant: str | None
    reason: str
    rule: str | None
    version: int
    error: str | None
    trace: list[dict[str, Any]]


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    version: int
    instances: list[Instance]
