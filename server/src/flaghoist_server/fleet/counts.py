"""Evaluations per second by flag and variant, as the SDKs report them.

Rules: pure; `turn` is called once a second. SDKs report about once a second, each at its own
moment, so a rate is taken over `WINDOW` seconds: one second alone would flicker.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping

__all__ = ["WINDOW_SECONDS", "Counts"]

WINDOW_SECONDS = 5

_MAX_VARIANTS = 100
"""Variants of one flag that are told apart: a report is outside data, and memory is not endless."""


class Counts:
    """Counts of one environment; `total` since this server started."""

    def __init__(self) -> None:
        self.total = 0
        self._present: dict[str, Counter[str]] = {}
        self._past: deque[dict[str, Counter[str]]] = deque(maxlen=WINDOW_SECONDS)

    def add(self, counts: Mapping[str, Mapping[str, int]], known: Collection[str]) -> None:
        """Take in one report. Flags that the environment does not have are only in the total."""
        for key, variants in counts.items():
            positive = {name: count for name, count in variants.items() if count > 0}
            self.total += sum(positive.values())
            if key in known:
                present = self._present.setdefault(key, Counter())
                if len(present.keys() | positive.keys()) <= _MAX_VARIANTS:
                    present.update(positive)

    def turn(self) -> None:
        """A second has passed."""
        self._past.append(self._present)
        self._present = {}

    def rates(self) -> dict[str, dict[str, float]]:
        """Evaluations per second by flag and variant ("" is the caller's default)."""
        sums: dict[str, Counter[str]] = {}
        for second in self._past:
            for key, counts in second.items():
                sums.setdefault(key, Counter()).update(counts)
        return {
            key: {name: round(count / WINDOW_SECONDS, 1) for name, count in counts.items()}
            for key, counts in sorted(sums.items())
        }
