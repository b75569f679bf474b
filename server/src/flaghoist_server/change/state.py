"""What an environment is at one position: its head, its flags and its segments."""

from __future__ import annotations

import msgspec

__all__ = ["Head", "State", "StoredFlag"]


class Head(msgspec.Struct, frozen=True):
    """Where an environment stands: position, hash and time of the last entry of its log."""

    environment: str
    epoch: str
    version: int
    hash: str = ""
    at: str = ""


class StoredFlag(msgspec.Struct, frozen=True, omit_defaults=True):
    """A flag document and its last change: in which version, when, by whom, why and how.

    `killed_at` is when the kill came that it is still off by; "" when it is not killed.
    """

    version: int
    document: bytes
    at: str = ""
    actor: str = ""
    reason: str = ""
    kind: str = ""
    killed_at: str = ""


class State(msgspec.Struct, frozen=True):
    """An environment whole, at its head."""

    head: Head
    flags: dict[str, StoredFlag]
    segments: dict[str, bytes]
