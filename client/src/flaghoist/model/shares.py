"""Percentages: whole thousandths, so that they add up to 100 exactly or not at all.

A percentage is a float in a file and a number of buckets everywhere else: 1 % = 1,000 of
100,000. 33.333 and 0.1 are no exact floats, their thousandths are exact integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaghoist.model.names import one_of
from flaghoist.model.problem import Path, Problem, shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from flaghoist.model.flag import Serve

__all__ = ["BUCKETS", "PERCENT", "check_serve", "thousandths"]

BUCKETS = 100_000
PERCENT = "0 to 100 with at most 3 decimals"

# What the nearest float of a number with three decimals can be off by, times 1,000, and more.
_TOLERANCE = 1e-6


def thousandths(percent: float) -> int | None:
    """A percentage in buckets; `None` if it is outside 0 … 100 or has more than three decimals."""
    if not 0 <= percent <= 100:  # NaN too
        return None
    if percent == (whole := int(percent)):
        return whole * 1000
    scaled = percent * 1000
    nearest = round(scaled)
    return nearest if abs(scaled - nearest) < _TOLERANCE else None


def check_serve(
    serve: Serve, variants: Collection[str], path: Path, problems: list[Problem]
) -> None:
    """Add to `problems` what is wrong with what a rule or the default serves."""
    if isinstance(serve, str):
        check_variant(serve, variants, path, problems)
        return
    total = 0
    for name, percent in serve.items():
        if name not in variants:
            check_variant(name, variants, (*path, name), problems, at_key=True)
        share = thousandths(percent)
        if share is None:
            problems.append(Problem((*path, name), f"{percent} is no percentage", PERCENT))
            return
        total += share
    if total != BUCKETS:
        problems.append(Problem(path, f"the percentages add up to {total / 1000:g}", "100"))


def check_variant(
    name: str,
    variants: Collection[str],
    path: Path,
    problems: list[Problem],
    *,
    at_key: bool = False,
) -> None:
    """Add a problem if the flag has no such variant; `at_key`: the path ends with its name."""
    if name not in variants:
        expected = one_of(variants, name, "variant")
        problems.append(Problem(path, f"no variant {shown(name)}", expected, at_key))
