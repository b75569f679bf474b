"""How every environment's fleet stands, looked at once for all open pages; and the pulse's feeder.

Rules: here is the console's only clock and task. It looks once a second, and ten times a second for
a little while after a change, because that is when people want to see the number rise. A look costs
counters only, never a list of instances, so it is the same for 10 SDKs and for 10,000.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable

import msgspec

from flaghoist_server.console.pulse import FINE, Pulse
from flaghoist_server.feed.feed import Feed
from flaghoist_server.fleet.board import Part
from flaghoist_server.fleet.fleet import Fleet

__all__ = ["Standing", "Watch"]

_LOOK_S = 1.0
_EAGER_S = 0.1
_EAGER_FOR_S = 3.0
_MISSED = 3
"""Slots that are filled in after the loop was busy: the rates are of the last five seconds."""


class Standing(msgspec.Struct, frozen=True):
    """How many SDKs have applied exactly which version (-1: nothing yet)."""

    versions: dict[int, int] = msgspec.field(default_factory=dict)
    alone: bool = True
    """No other replica has a part of this fleet."""

    @property
    def connected(self) -> int:
        return sum(self.versions.values())

    def applied(self, version: int) -> int:
        """How many have applied `version` or a newer one."""
        return sum(number for has, number in self.versions.items() if has >= version)


class Watch:
    """`clock` is the time of day in seconds; `start` begins to look and `close` ends it."""

    def __init__(self, feed: Feed, fleet: Fleet, clock: Callable[[], float]) -> None:
        self._feed = feed
        self._fleet = fleet
        self.clock = clock
        self._pulses: dict[str, Pulse] = {}
        self._others: dict[str, list[Part]] = {}
        self._looked: int = 0
        self._eager_until = 0.0
        self._woken = asyncio.Event()
        self._beat = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._feed.listen(lambda *_: self._hurry())
        self._task = asyncio.create_task(self._look_forever(), name="console-watch")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._beat.set()

    def pulse(self, environment: str) -> Pulse:
        """The evaluations of an environment."""
        return self._pulses.setdefault(environment, Pulse())

    def standing(self, environment: str) -> Standing:
        """How the environment's fleet stands now; other replicas' part is up to a second old."""
        group = self._fleet.groups.get(environment)
        versions = Counter(group.roster.versions if group else {})
        others = self._others.get(environment, [])
        for part in others:
            versions.update(part.versions)
        return Standing(dict(versions), alone=not any(part.connected for part in others))

    def slowest_s(self, environment: str, version: int) -> float | None:
        """How long the slowest SDK took for `version`, where that is known for the whole fleet."""
        group = self._fleet.groups.get(environment)
        receipt = group.roster.receipt(version) if group else None
        if receipt is None or receipt.done_at is None or not receipt.connected:
            return None
        if not self.standing(environment).alone:
            return None
        return receipt.done_at - receipt.opened_at

    async def next_look(self, at_most_s: float) -> None:
        """Wait until something may have moved, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._beat.wait()

    def _hurry(self) -> None:
        self._eager_until = self.clock() + _EAGER_FOR_S
        self._woken.set()

    async def _look_forever(self) -> None:
        while True:
            self._woken.clear()
            eager = self.clock() < self._eager_until
            with contextlib.suppress(TimeoutError):
                # not `wait_for`: until Python 3.12 it loses a cancellation that meets the event
                async with asyncio.timeout(_EAGER_S if eager else _LOOK_S):
                    await self._woken.wait()
            await self._look()
            beat, self._beat = self._beat, asyncio.Event()
            beat.set()

    async def _look(self) -> None:
        """Once in each fine slot, take the rates of all replicas; the first part is our own."""
        slot = FINE.slot(self.clock())
        if slot == self._looked:
            return
        passed = range(max(self._looked + 1, slot - _MISSED), slot + 1)
        self._looked = slot
        for environment in list(self._feed.environments):
            parts = await self._fleet.parts(environment)
            self._others[environment] = parts[1:]
            for one in passed:
                for part in parts:
                    self.pulse(environment).feed(one * FINE.seconds, part.rates)
