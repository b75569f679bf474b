"""A store that can be made to fail in the ways in which real ones do, at once and repeatably."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from flaghoist_server.change.change import Change
from flaghoist_server.change.state import Head, State
from flaghoist_server.store.memory import MemoryStore
from flaghoist_server.store.port import IdempotentAnswer, StoreUnavailable, TokenRecord

__all__ = ["FickleStore", "eventually"]


class FickleStore(MemoryStore):
    """In memory, with faults: `away`, `deaf` (no hints), lost and wiped logs."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.deaf = False
        self.reads = 0

    # Faults.

    def lose_tail(self, environment: str, version: int) -> None:
        """Forget the entries above a version, as an asynchronous failover does."""
        self._logs[environment] = [c for c in self._logs[environment] if c.version <= version]

    def wipe(self) -> None:
        """Forget everything, as FLUSHALL does."""
        self._logs.clear()
        self._tokens.clear()

    def put_log(self, environment: str, changes: Sequence[Change]) -> None:
        """Have exactly this log."""
        self._logs[environment] = list(changes)

    # The port.

    async def start(self) -> None:
        self._answer_or_fail()

    async def heads(self) -> list[Head]:
        self._answer_or_fail()
        return await super().heads()

    async def begin(self, change: Change, after: Head | None) -> bool:
        self._answer_or_fail()
        return await super().begin(change, after)

    async def load(self, environment: str) -> State | None:
        self._answer_or_fail()
        return await super().load(environment)

    async def read(self, environment: str, after: int, limit: int = 1000) -> list[Change]:
        self._answer_or_fail()
        self.reads += 1
        return await super().read(environment, after, limit)

    async def append(
        self, changes: Sequence[Change], answer: IdempotentAnswer | None = None
    ) -> bool:
        self._answer_or_fail()
        durable = await super().append(changes, answer)
        if self.deaf:
            for listener in self._hints._listeners:
                listener.waiting.clear()
        return durable

    async def put_token(self, token: TokenRecord) -> None:
        self._answer_or_fail()
        await super().put_token(token)

    async def tokens(self) -> list[TokenRecord]:
        self._answer_or_fail()
        self.reads += 1
        return await super().tokens()

    def _answer_or_fail(self) -> None:
        if self.away:
            raise StoreUnavailable("nobody answers")


async def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Return once the condition holds; fail if it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
