"""Numbers that every reader of a flag can hold."""

from __future__ import annotations

import math

__all__ = ["is_finite"]

_LEAST_INTEGER = -(1 << 63)
_MOST_INTEGER = (1 << 64) - 1


def is_finite(number: float) -> bool:
    """Whether a number is finite and, when whole, has at most 64 bits, as many parsers keep."""
    if isinstance(number, int):
        return _LEAST_INTEGER <= number <= _MOST_INTEGER
    return math.isfinite(number)
