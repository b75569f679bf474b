"""A histogram of seconds: a list of counters and nothing else. Pure."""

from __future__ import annotations

from bisect import bisect_left

__all__ = ["BOUNDS", "Histogram"]

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; what is above the last counts as infinite."""


class Histogram:
    """`sum` of all that was observed, and how many of it were at most each bound."""

    def __init__(self) -> None:
        self.sum = 0.0
        self._counts = [0] * (len(BOUNDS) + 1)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """(bound, how many were at most that), as Prometheus wants it."""
        total, answer = 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            answer.append((bound, float(total)))
        return answer
