"""What every store can do: one small port; `memory`, `sqlite` and `redis` stand behind it.

Rules: a store keeps and returns, it decides nothing but the compare-and-set. All methods may be
called from one event loop; a store does its blocking work elsewhere. Documents are bytes of
canonical JSON and are returned exactly as they were given.

An environment is a log of entries, kept for ever, and nothing else: its state is the fold
(`change.fold`) of its log. A store may keep snapshots of the state to bound the replay. A log
starts with the entry given to `begin` (of any version, usually 1) and versions only rise, also
from one epoch to the next. Inside an epoch they have no gap; the entry that begins another epoch
may leave one, because it stands above every version that its writer has seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from flaghoist_server.change.change import Change
from flaghoist_server.change.state import Head, State, StoredFlag

__all__ = [
    "ANSWER_KEPT_S",
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

ANSWER_KEPT_S = 24 * 3600
"""How long an idempotent answer is remembered (R47)."""


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
        """Open, check and migrate; starting what is started does nothing.

        After `StoreUnavailable` it may be tried again. Raises `StoreError` naming what is wrong
        and what to do.
        """

    async def close(self) -> None:
        """Let go of everything; closing twice is fine."""

    async def heads(self) -> list[Head]:
        """Every environment and where it stands, ordered by name.

        Asked anew, over no connection that was open: what answers is what stands there now.
        """

    async def glance(self) -> list[Head]:
        """As `heads`, quicker: by whoever answered last. For who is hinted at a change."""

    async def begin(self, change: Change, after: Head | None) -> bool:
        """Begin an epoch with `change`, and return once durable (as `append` does).

        `after` None: a new environment, whose log starts with this entry (kind "create", or any
        other when a log is copied or re-seeded). Else the environment must stand at exactly
        (epoch, version, hash) of `after`; the entry's epoch is another and its version higher.
        Raises `Conflict` if the environment exists or stands elsewhere.
        """

    async def load(self, environment: str) -> State | None:
        """The environment whole; None if there is none of this name."""

    async def read(self, environment: str, after: int, limit: int = 1000) -> list[Change]:
        """Entries of the log with a version above `after`, in order, at most `limit`."""

    async def base(self, environment: str, version: int) -> State | None:
        """The newest snapshot kept at or below `version`; None: replay from the log's start.

        Whoever wants the past folds `read(environment, base.head.version)` onto it.
        """

    async def history(
        self, environment: str, key: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Change]:
        """The newest entries that touch flag `key` (None: all), below version `before`.

        Newest first, at most `limit`.
        """

    async def append(
        self, changes: Sequence[Change], answer: IdempotentAnswer | None = None
    ) -> bool:
        """Append entries to the environments that they name, all or none; return once durable.

        Entry n is accepted only if its environment stands at (epoch, n - 1) with the entry's
        `parent` as its hash. Entries of one environment may follow each other in one call (a
        copied log does). Returns whether all is as durable as was configured (False: written, but
        fewer replicas than asked have it). With `answer`, the idempotent answer is kept in the
        same act, for 24 hours; without entries, the answer alone is kept.
        Raises `Conflict`, `StoreReadOnly`, `StoreUnavailable`.
        """

    async def settled(self, change: Change) -> bool:
        """Whether the log has this entry, now as durable as was configured.

        Both are asked of one server in one step: after a failover the old primary may still have
        an entry that the new one, which all others follow, has never seen.
        """

    async def remembered(self, key: str) -> IdempotentAnswer | None:
        """The answer kept under this idempotency key within the last 24 hours, if any."""

    async def put_token(self, token: TokenRecord) -> None:
        """Add a token, or replace the one of the same id."""

    async def tokens(self) -> list[TokenRecord]:
        """Every token, revoked ones too."""

    def hints(self) -> AsyncIterator[str]:
        """Names of environments that may have moved, and "" for *tokens may have changed*.

        Only a hint: it may repeat, and it may miss; whoever follows polls `heads` as well. It ends
        when the store is closed, and never raises because the store is away.
        """
