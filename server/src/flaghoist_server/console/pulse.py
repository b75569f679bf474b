"""The last hour's evaluations of one environment, by flag and variant: what the plots show.

Rules: no clock and no I/O; whoever feeds it says what time it is.

Theory: two rings per series. The fine one has 150 slots of 2 seconds (five minutes: a change is
seen while one looks at it), the coarse one 60 slots of a minute. A slot's number is a time divided
by the slot's length, so that the rings of all flags line up and a slot that nobody wrote to reads
as zero. Memory is two small arrays for each variant that was served since the start: about 2 KB.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["COARSE", "FINE", "Pulse", "Resolution", "Series"]


class Resolution(msgspec.Struct, frozen=True):
    """A ring's shape: how long a slot is and how many there are."""

    seconds: int
    slots: int

    def slot(self, now: float) -> int:
        """The number of the slot that `now` is in."""
        return int(now // self.seconds)


FINE = Resolution(seconds=2, slots=150)
COARSE = Resolution(seconds=60, slots=60)

Series = dict[str, list[float]]
"""Rates per second by variant, oldest first, all of one length."""


class Pulse:
    """Evaluations per second of every flag of one environment."""

    def __init__(self) -> None:
        self._rings: dict[str, dict[str, tuple[_Ring, _Ring]]] = {}

    def feed(self, now: float, rates: Mapping[str, Mapping[str, float]]) -> None:
        """Take the rates that hold in the fine slot of `now`; to be called once in each."""
        for key, variants in rates.items():
            known = self._rings.setdefault(key, {})
            for variant, rate in variants.items():
                if variant not in known:
                    known[variant] = (_Ring(FINE), _Ring(COARSE))
                for ring in known[variant]:
                    ring.add(now, rate * FINE.seconds)

    def series(self, key: str, now: float, resolution: Resolution, slots: int) -> Series:
        """The rates of one flag in its last `slots` finished slots; {} if it had none at all."""
        which = 0 if resolution is FINE else 1
        return {
            variant: rings[which].rates(now, slots)
            for variant, rings in self._rings.get(key, {}).items()
        }

    def variants(self, key: str) -> int:
        """How many variants of a flag were served since the start."""
        return len(self._rings.get(key, {}))

    def latest(self, keys: Iterable[str], now: float) -> dict[str, dict[str, float]]:
        """The newest finished slot of each of these flags that was ever evaluated."""
        return {
            key: {variant: rates[0] for variant, rates in self.series(key, now, FINE, 1).items()}
            for key in keys
            if key in self._rings
        }


class _Ring:
    """Evaluations counted per slot."""

    __slots__ = ("_counts", "_newest", "_resolution")

    def __init__(self, resolution: Resolution) -> None:
        self._resolution = resolution
        self._counts = array("d", bytes(8 * (resolution.slots + 1)))
        self._newest = 0

    def add(self, now: float, number: float) -> None:
        slot = self._advance(now)
        self._counts[slot % len(self._counts)] += number

    def rates(self, now: float, slots: int) -> list[float]:
        end = self._advance(now)
        counts, seconds = self._counts, self._resolution.seconds
        return [round(counts[slot % len(counts)] / seconds, 1) for slot in range(end - slots, end)]

    def _advance(self, now: float) -> int:
        """Zero the slots between the newest that was written to and now."""
        slot, size = self._resolution.slot(now), len(self._counts)
        for passed in range(max(self._newest + 1, slot - size + 1), slot + 1):
            self._counts[passed % size] = 0.0
        self._newest = max(self._newest, slot)
        return self._newest
