"""Counting evaluations, exactly, at the price of one addition.

A tally belongs to a variant of a flag and outlives every snapshot: flags that are compiled anew
get the tally that there is. The hot path adds one to it, in place, without a lock.

Why no addition is lost: compiled, the attribute is a native integer and the addition runs to
its end under the GIL. As plain Python, `tally.hits += 1` is a load, an addition and a store, and
CPython (3.10 and later) switches threads only at calls and at jumps backwards. A test counts
under sixteen threads that switch every microsecond.
"""

from __future__ import annotations

from flaghoist.evaluation.native import i64, mypyc_attr

__all__ = ["Counters", "Tally"]

_MOST_UNKNOWN = 1_000
"""Keys without a flag that are counted: keys may come from visitors, who have any number."""


@mypyc_attr(acyclic=True)
class Tally:
    """How often one variant of one flag was served. `hits` only ever rises."""

    __slots__ = ("hits", "reported")

    hits: i64
    reported: i64

    def __init__(self) -> None:
        self.hits = 0
        self.reported = 0


class Counters:
    """All tallies of a client, by flag key and variant ("" for the caller's default)."""

    __slots__ = ("_tallies", "_unknown")

    _tallies: dict[tuple[str, str], Tally]
    _unknown: int

    def __init__(self) -> None:
        self._tallies = {}
        self._unknown = 0

    def tally(self, key: str, variant: str) -> Tally:
        """The tally of this variant; it is made when it is first asked for."""
        # setdefault is one step: two threads that come first get the same tally.
        found = self._tallies.get((key, variant))
        return self._tallies.setdefault((key, variant), Tally()) if found is None else found

    def add_unknown(self, key: str) -> None:
        """Count an evaluation of a flag that does not exist, for a bounded number of keys."""
        known = self._tallies.get((key, ""))
        if known is None:
            if self._unknown >= _MOST_UNKNOWN or len(key) > 128:
                return
            self._unknown += 1
            known = self.tally(key, "")
        known.hits += 1

    def drain(self) -> dict[str, dict[str, int]]:
        """What was counted since the last drain, by key and variant. For one caller at a time."""
        counts: dict[str, dict[str, int]] = {}
        for (key, variant), tally in list(self._tallies.items()):
            hits = tally.hits
            if hits != tally.reported:
                counts.setdefault(key, {})[variant] = hits - tally.reported
                tally.reported = hits
        return counts
