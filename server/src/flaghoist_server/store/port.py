"""What every store can do: one small port; `memory`, `sqlite` and `redis` stand behind it.

Rules: a store keeps and returns, it decides nothing but the compare-and-set. All methods may be
called from one event loop; a store does its blocking work elsewhere. Documents are bytes of
canonical JSON and are returned exactly as they were given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from flaghoist_server.change.change import Change

__all__ = [
    "Conflict",
    "Head",
    "IdempotentAnswer",
    "State",
    "Store",
    "StoreError",
    "StoreReadOnly",
    "StoreUnavailable",
    "StoredFlag",
    "TokenRecord",
]


class StoreError(Exception):
    """The store could not do it; the text says why and what to do.

    StoreError
    ├── Conflict           the environment has moved on: read again, decide again
    ├── StoreUnavailable   nobody can be reached now; trying later may work
    └── StoreReadOnly      it can be read but not written (full disk, read-only file, replica)
    """


class StoreUnavailable(StoreError):
    """The store cannot be reached now."""


class StoreReadOnly(StoreError):
    """The store can be read and not written."""


class Conflict(StoreError):
    """A compare-and-set lost: `environment` stands at `head` and not where the writer thought."""

    def __init__(self, environment: str, head: Head | None) -> None:
        self.environment = environment
        self.head = head
        super().__init__(f"environment {environment!r} has moved to {head}; read it again")


class Head(msgspec.Struct, frozen=True):
    """Where an environment stands. `hash` is the last entry's, "" for an empty log."""

    environment: str
    epoch: str
    version: int
    hash: str = ""


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


class TokenRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token as it is kept: never the secret, only its SHA-256 (hex)."""

    id: str
    role: str
    secret_hash: str
    environment: str = ""
    name: str = ""
    created_at: str = ""
    expires_at: str = ""
    revoked_at: str = ""


class IdempotentAnswer(msgspec.Struct, frozen=True):
    """The answer that a request with this key was given, and the hash of that request."""

    key: str
    request_hash: str
    answer: bytes


class Store(Protocol):
    """Logs of environments, with compare-and-set; tokens and idempotency keys beside them.

    All raise `StoreUnavailable` when nobody answers.
    """

    url: str

    async def start(self) -> None:
        """Open, check and migrate. Raises `StoreError` naming what is wrong and what to do."""

    async def close(self) -> None:
        """Let go of everything; closing twice is fine."""

    async def heads(self) -> list[Head]:
        """Every environment and where it stands, ordered by name."""

    async def create(self, head: Head) -> bool:
        """Make an empty environment at version 0. False if the name is taken."""

    async def load(self, environment: str) -> State | None:
        """The environment whole; None if there is none of this name."""

    async def read(self, environment: str, after: int, limit: int = 1000) -> list[Change]:
        """Entries of the log with a version above `after`, in order, at most `limit`."""

    async def history(self, environment: str, key: str, limit: int = 50) -> list[Change]:
        """The newest entries that touch flag `key`, newest first."""

    async def append(
        self, changes: Sequence[Change], answer: IdempotentAnswer | None = None
    ) -> bool:
        """Append one entry to each environment named, all or none, and return once durable.

        Entry n is accepted only if its environment stands at (epoch, n - 1). Returns whether it
        is as durable as was configured (False: written, but fewer replicas than asked have it).
        With `answer`, the idempotent answer is kept in the same act.
        Raises `Conflict`, `StoreReadOnly`, `StoreUnavailable`.
        """

    async def remembered(self, key: str) -> IdempotentAnswer | None:
        """The answer kept under this idempotency key within the last 24 hours, if any."""

    async def put_token(self, token: TokenRecord) -> None:
        """Add a token, or replace the one of the same id."""

    async def tokens(self) -> list[TokenRecord]:
        """Every token, revoked ones too."""

    def hints(self) -> AsyncIterator[str]:
        """Names of environments that may have moved, and "" for *tokens may have changed*.

        Only a hint: it may repeat, and it may miss; whoever follows polls `heads` as well.
        """
