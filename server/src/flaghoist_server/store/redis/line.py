"""Calls to the primary of a hash tag: answered in time, on a whole connection, or one clear error.

A call has a second at most (`BUDGET_S`), and within it more than one attempt: the connection that
lay idle may be dead, the primary may be another one by now. A second attempt of a write is told
that it is one (`again`), so that a script can recognise its own first attempt: nothing is done
twice. Connections are kept for the next call, unless their exchange did not end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import hiredis

from flaghoist_server.store.port import StoreError, StoreUnavailable
from flaghoist_server.store.redis.refusals import TryElsewhere, refusal, unreachable
from flaghoist_server.store.redis.routes import routes_to
from flaghoist_server.store.redis.target import Address, Target
from flaghoist_server.store.redis.wire import Command, Reply, Wire

__all__ = ["PATIENCE_S", "Answer", "Line"]

log = logging.getLogger(__name__)

BUDGET_S: Final = 0.9
"""For a whole call: a write that cannot be done says so within a second."""

PATIENCE_S: Final = 0.5
"""For one attempt: half of the budget, so that a second one has its turn."""

ATTEMPTS: Final = 3
IDLE_KEPT: Final = 8


class Answer(NamedTuple):
    replies: list[Reply]
    by: Address
    """The primary that has given them."""


class Line:
    """Connections to the primaries of a target."""

    def __init__(self, target: Target, on_move: Callable[[], None] = lambda: None) -> None:
        self.target = target
        self._routes = routes_to(target)
        self._on_move = on_move
        self._idle: dict[Address, list[Wire]] = {}

    async def call(
        self, tag: str, *commands: Command, patience_s: float = PATIENCE_S
    ) -> list[Reply]:
        """Send the commands to the primary of `tag`, in one go; all of them can be sent twice.

        Raises:
            StoreError: they were refused, or nobody answered in time.
        """
        return (await self.attempt(tag, lambda _again: commands, patience_s)).replies

    async def attempt(
        self,
        tag: str,
        commands: Callable[[bool], Sequence[Command]],
        patience_s: float = PATIENCE_S,
    ) -> Answer:
        """As `call`, with the commands made anew for each attempt: `commands(again)`."""
        deadline = _now() + max(BUDGET_S, patience_s)
        asking: Address | None = None
        failure: StoreError = StoreUnavailable(f"Redis at {self.target.shown} does not answer")
        for number in range(ATTEMPTS):
            until = min(deadline, _now() + patience_s)
            try:
                async with asyncio.timeout_at(until):
                    address = asking or await self._routes.primary(tag)
                    sent = commands(number > 0)
                    return Answer(await self._exchange(address, sent, bool(asking)), address)
            except TryElsewhere as error:
                failure, asking = error.failure, error.asking
            except (OSError, TimeoutError, hiredis.ProtocolError) as error:
                failure, asking = self._away(error), None
            self.forget()
            if _now() >= deadline:
                break
        raise failure

    async def vouched(self, by: Address) -> bool:
        """Whether a primary that has answered is one, and remains one for now."""
        if await self._routes.vouched(by):
            return True
        self.forget()
        return False

    async def each(self, commands: dict[str, Command]) -> dict[str, Reply]:
        """One command for each hash tag, together where one server has several of the tags."""
        groups: dict[Address, list[str]] = {}
        for tag in commands:
            groups.setdefault(await self._primary(tag), []).append(tag)
        replies: dict[str, Reply] = {}
        for tags in groups.values():
            answers = await self.call(tags[0], *(commands[tag] for tag in tags))
            replies.update(zip(tags, answers, strict=True))
        return replies

    async def primaries(self) -> list[Address]:
        """Every server that is written to."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._routes.primaries()
        except (OSError, TimeoutError) as error:
            raise self._away(error) from error

    @asynccontextmanager
    async def anew(self) -> AsyncIterator[Line]:
        """A line with nothing remembered and no connection: what it finds is how it is now.

        If the primary is another one than this line thinks, its connections are dropped: the old
        one may still answer, and what is written to it is lost.
        """
        other = Line(self.target)
        try:
            yield other
            if await self.primaries() != (found := await other.primaries()):
                log.warning("the primary is now %s", found, extra={"action": "store.moved"})
                self.forget()
                self._on_move()
        finally:
            other.close()

    def forget(self) -> None:
        """Drop every idle connection and ask for the primary anew."""
        self._routes.forget()
        self.close()

    def close(self) -> None:
        for wire in self._all_idle():
            wire.close()
        self._idle.clear()

    async def _exchange(
        self, address: Address, commands: Sequence[Command], asking: bool
    ) -> list[Reply]:
        wire = self._take(address) or await self._open(address)
        try:
            sent = [word for c in commands for word in (["ASKING"], c)] if asking else commands
            replies = await wire.exchange(*sent)
        finally:
            self._give_back(wire)
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise refusal(reply, address)
        return replies[1::2] if asking else replies

    async def _open(self, address: Address) -> Wire:
        try:
            return await Wire.open(address, self.target.login)
        except hiredis.ReplyError as error:
            raise refusal(error, address) from error

    def _take(self, address: Address) -> Wire | None:
        idle = self._idle.get(address, [])
        while idle:
            wire = idle.pop()
            if not wire.gone():
                return wire
            wire.close()
        return None

    def _give_back(self, wire: Wire) -> None:
        idle = self._idle.setdefault(wire.address, [])
        if wire.usable and len(idle) < IDLE_KEPT:
            idle.append(wire)
        else:
            wire.close()

    def _all_idle(self) -> Iterable[Wire]:
        return (wire for idle in self._idle.values() for wire in idle)

    async def _primary(self, tag: str) -> Address:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._routes.primary(tag)
        except (OSError, TimeoutError) as error:
            raise self._away(error) from error

    def _away(self, error: BaseException) -> StoreUnavailable:
        return unreachable(self.target.shown, error)


def _now() -> float:
    return asyncio.get_running_loop().time()
