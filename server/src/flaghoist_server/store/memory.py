"""A store in memory: for tests, and to show in the fewest lines what every store must do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold_all, follows, head_of
from flaghoist_server.store.hints import Hints
from flaghoist_server.store.port import (
    ANSWER_KEPT_S,
    Conflict,
    Head,
    IdempotentAnswer,
    State,
    TokenRecord,
)

__all__ = ["MemoryStore"]


class MemoryStore:
    """Implements `Store`; what is in it is gone with it."""

    def __init__(self, url: str = "memory://", clock: Callable[[], float] = time.time) -> None:
        self.url = url
        self._clock = clock
        self._logs: dict[str, list[Change]] = {}
        self._tokens: dict[str, TokenRecord] = {}
        self._answers: dict[str, tuple[float, IdempotentAnswer]] = {}
        self._hints = Hints()

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """End the hints; what was stored stays until the object goes."""
        self._hints.close()

    async def heads(self) -> list[Head]:
        """See `Store.heads`."""
        return [head_of(log[-1]) for _, log in sorted(self._logs.items())]

    async def glance(self) -> list[Head]:
        """See `Store.glance`."""
        return await self.heads()

    async def begin(self, change: Change, after: Head | None) -> bool:
        """See `Store.begin`."""
        head = self._head(change.environment)
        if head != after or (after is not None and not follows(after, change)):
            raise Conflict(change.environment, head)
        self._logs.setdefault(change.environment, []).append(change)
        self._hints.tell(change.environment)
        return True

    async def load(self, environment: str) -> State | None:
        """See `Store.load`."""
        log = self._logs.get(environment)
        return fold_all(empty(environment), log) if log else None

    async def read(self, environment: str, after: int, limit: int = 1000) -> list[Change]:
        """See `Store.read`."""
        log = self._logs.get(environment, [])
        return [change for change in log if change.version > after][:limit]

    async def base(self, environment: str, version: int) -> State | None:  # noqa: ARG002  # the port's
        """No snapshot is kept: the log is near."""
        return None

    async def history(
        self, environment: str, key: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Change]:
        """See `Store.history`."""
        newest_first = reversed(self._logs.get(environment, []))
        return [
            change
            for change in newest_first
            if (key is None or key in change.flags) and (before is None or change.version < before)
        ][:limit]

    async def append(
        self, changes: Sequence[Change], answer: IdempotentAnswer | None = None
    ) -> bool:
        """See `Store.append`."""
        heads: dict[str, Head] = {}
        for change in changes:
            head = heads.get(change.environment) or self._head(change.environment)
            if head is None or head.epoch != change.epoch or not follows(head, change):
                raise Conflict(change.environment, head)
            heads[change.environment] = head_of(change)
        for change in changes:
            self._logs[change.environment].append(change)
        if answer is not None:
            self._answers[answer.key] = (self._clock(), answer)
        for environment in heads:
            self._hints.tell(environment)
        return True

    async def settled(self, change: Change) -> bool:
        """See `Store.settled`. Nothing here is more durable than the rest."""
        return [change] == await self.read(change.environment, change.version - 1, 1)

    async def remembered(self, key: str) -> IdempotentAnswer | None:
        """See `Store.remembered`."""
        kept_at, answer = self._answers.get(key, (0.0, None))
        return answer if self._clock() - kept_at < ANSWER_KEPT_S else None

    async def put_token(self, token: TokenRecord) -> None:
        """See `Store.put_token`."""
        self._tokens[token.id] = token
        self._hints.tell("")

    async def tokens(self) -> list[TokenRecord]:
        """See `Store.tokens`."""
        return [token for _, token in sorted(self._tokens.items())]

    def hints(self) -> AsyncIterator[str]:
        """See `Store.hints`."""
        return self._hints.listen()

    def _head(self, environment: str) -> Head | None:
        log = self._logs.get(environment)
        return head_of(log[-1]) if log else None
