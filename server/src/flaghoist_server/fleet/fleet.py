"""The fleet: every environment's roster and counts here, and what other replicas show of theirs.

The rosters are pure; here are the clock, the once-a-second turn and the waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

import msgspec

from flaghoist.protocol.messages import Hello, Report
from flaghoist_server.fleet.board import FleetBoard, Instance, LocalBoard, Part
from flaghoist_server.fleet.counts import Counts
from flaghoist_server.fleet.member import Member
from flaghoist_server.fleet.receipt import Receipt
from flaghoist_server.fleet.roster import Roster

__all__ = ["FEW", "Fleet", "Group", "ReceiptAnswer", "Wait"]

_SHOW_SECONDS = 1.0
FEW = 200
"""So many instances are shown to other replicas every second; more of them every fourth."""

_POLLED_SECONDS = 90.0
"""An SDK that polls does so every half minute at most; after three times in vain it is gone."""

_LOOK_SECONDS = 0.05
"""How often a wait looks at the board while other replicas have SDKs to wait for."""


class ReceiptAnswer(msgspec.Struct, frozen=True):
    """The receipt of a change, when it was complete or the time was up."""

    connected: int
    applied: int
    seconds: float
    gone: int = 0


@dataclass(slots=True)
class Group:
    """One environment's fleet on this server."""

    roster: Roster
    counts: Counts = field(default_factory=Counts)
    polled: dict[str, tuple[Member, float]] = field(default_factory=dict)
    """SDKs that poll because no stream gets through, and until when they count as connected."""

    def turn(self, now: float) -> None:
        """A second has passed."""
        self.counts.turn()
        for instance in [name for name, (_, until) in self.polled.items() if until <= now]:
            member, _ = self.polled.pop(instance)
            self.roster.leave(member, now, farewell=False)
        self.roster.expire(now)


class Fleet:
    """`clock` is monotonic. `start` begins the turn of every second; `close` ends it."""

    def __init__(
        self, replica: str, clock: Callable[[], float], board: FleetBoard | None = None
    ) -> None:
        self.replica = replica
        self.clock = clock
        self.board = board or LocalBoard()
        self.groups: dict[str, Group] = {}
        self._alone = isinstance(self.board, LocalBoard)
        self._settled: set[str] = set()
        self._anything_settled = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.board.start()
        self._tasks.append(asyncio.create_task(self._turn_forever(), name="fleet"))
        if not self._alone:
            self._tasks.append(asyncio.create_task(self._show_what_settles(), name="board"))

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.board.close()

    def group(self, environment: str, epoch: str, version: int) -> Group:
        """The environment's group, made at this position if it is new."""
        group = self.groups.get(environment)
        if group is None:
            group = self.groups[environment] = Group(Roster(environment, epoch, version))
        return group

    def part(self, environment: str, *, instances: bool = False) -> Part:
        """This server's part of an environment's fleet: numbers, and each instance if asked."""
        group = self.groups.get(environment)
        if group is None:
            return Part(self.replica, environment, "", 0)
        roster = group.roster
        return Part(
            self.replica,
            environment,
            roster.epoch,
            roster.version,
            versions=dict(roster.versions),
            instances=self._instances(roster) if instances else [],
            rates=group.counts.rates(),
        )

    async def parts(self, environment: str, *, instances: bool = False) -> list[Part]:
        """The environment's fleet on all replicas."""
        mine = self.part(environment, instances=instances)
        return [mine, *await self.board.others(environment)]

    def polled(
        self, environment: str, hello: Hello, report: Report, known: Collection[str]
    ) -> None:
        """An SDK without a stream has told what it has; it is in the fleet until it stops to."""
        group, now = self.groups[environment], self.clock()
        member, _ = group.polled.get(hello.instance, (None, 0.0))
        if member is None:
            member = group.roster.join(hello, now)
        group.polled[hello.instance] = (member, now + _POLLED_SECONDS)
        group.roster.acknowledged(member, hello.epoch, hello.version, now)
        member.rejected = report.rejected
        group.counts.add(report.counts, known)

    def settled(self, environment: str) -> None:
        """Every SDK here has a change: whoever waits for it at another replica is told at once."""
        self._settled.add(environment)
        self._anything_settled.set()

    async def wait(
        self, environment: str, version: int, wait: Wait, *, changed: bool = True
    ) -> ReceiptAnswer:
        """The receipt of the change that made `version`, complete or as it is when time is up.

        `changed` False: nothing was changed, so it is a receipt of those connected now.
        """
        roster = self.groups[environment].roster
        receipt = (roster.receipt(version) if changed else None) or roster.ask(
            version, self.clock()
        )
        elsewhere = _Elsewhere(await self.board.others(environment), version)
        await self._until(wait, receipt, elsewhere, environment)
        return ReceiptAnswer(
            connected=receipt.connected + elsewhere.connected,
            applied=receipt.applied + elsewhere.applied,
            seconds=round((receipt.done_at or self.clock()) - wait.since, 4)
            if not elsewhere.connected
            else round(self.clock() - wait.since, 4),
            gone=receipt.gone,
        )

    async def _until(
        self, wait: Wait, receipt: Receipt, elsewhere: _Elsewhere, environment: str
    ) -> None:
        """Return when the receipt is complete everywhere, the time is up, or the server leaves."""
        done = asyncio.Event()
        receipt.when_done(done.set)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, wait.since + wait.seconds - self.clock())):
                await _first(done.wait(), wait.given_up.wait())
                while elsewhere.pending and not wait.given_up.is_set():
                    await asyncio.sleep(_LOOK_SECONDS)
                    elsewhere.look(await self.board.others(environment))

    def _instances(self, roster: Roster) -> list[Instance]:
        now = self.clock()
        return [
            Instance(
                member.instance,
                member.app,
                member.build,
                member.sdk,
                max(member.version, 0),
                lag_seconds=round(roster.lag(member, now), 3),
                connected_seconds=round(now - member.connected_at, 1),
                rejected=member.rejected,
            )
            for member in roster.members
        ]

    async def _turn_forever(self) -> None:
        for turn in itertools.count():
            await asyncio.sleep(_SHOW_SECONDS)
            now = self.clock()
            for environment, group in list(self.groups.items()):
                group.turn(now)
                if not self._alone:
                    await self._show(environment, turn)

    async def _show(self, environment: str, turn: int) -> None:
        many = self.groups[environment].roster.connected > FEW
        counts_only = many and turn % 4 > 0
        part = self.part(environment, instances=not counts_only)
        await self.board.show(part, counts_only=counts_only)

    async def _show_what_settles(self) -> None:
        while True:
            await self._anything_settled.wait()
            self._anything_settled.clear()
            settled, self._settled = self._settled, set()
            for environment in settled:
                await self.board.show(self.part(environment), counts_only=True)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait for a receipt: `seconds` from `since`, or until `given_up` is set."""

    since: float
    seconds: float
    given_up: asyncio.Event


class _Elsewhere:
    """The other replicas' share of a receipt: counts only, see `board`."""

    def __init__(self, parts: list[Part], version: int) -> None:
        self.connected = sum(part.connected for part in parts)
        self._version = version
        self.look(parts)

    def look(self, parts: list[Part]) -> None:
        self.pending = sum(part.connected - part.applied(self._version) for part in parts)

    @property
    def applied(self) -> int:
        return max(0, self.connected - self.pending)


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
