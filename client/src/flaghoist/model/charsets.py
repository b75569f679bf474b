"""Sets of characters as sorted ranges of code points, and how `re` is told of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ranges", "disjoint", "folded", "inverted", "to_re", "union"]

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges, sorted, with gaps between them."""

_LAST = 0x10FFFF

# The two characters beyond ASCII whose simple case folding is an ASCII letter.
_FOLDED_INTO_ASCII = {ord("k"): 0x212A, ord("s"): 0x17F}


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The set of all characters in some ranges, in any order, overlapping or not."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def inverted(ranges: Ranges) -> Ranges:
    """All other characters."""
    gaps = []
    start = 0
    for low, high in ranges:
        if start < low:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        gaps.append((start, _LAST))
    return tuple(gaps)


def disjoint(one: Ranges, other: Ranges) -> bool:
    """Whether no character is in both."""
    return not any(
        low <= other_high and other_low <= high
        for low, high in one
        for other_low, other_high in other
    )


def folded(ranges: Ranges) -> Ranges | None:
    """The set with both cases of its letters; `None` if it has characters beyond ASCII.

    What folds into what there is a matter of Unicode's version, so RE2 and Python may differ.
    """
    if ranges and ranges[-1][1] > 0x7F:
        return None
    letters = [
        (code, code)
        for low, high in ranges
        for char in map(chr, range(low, high + 1))
        if char.isalpha()
        for code in (ord(char.swapcase()), _FOLDED_INTO_ASCII.get(ord(char.lower()), ord(char)))
    ]
    return union([*ranges, *letters])


def to_re(ranges: Ranges) -> str:
    """The set as an element of a Python pattern."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _code(ranges[0][0])
    opening, inside = ("[^", inverted(ranges)) if ranges[-1][1] == _LAST else ("[", ranges)
    if not inside:
        return r"[\s\S]"
    return opening + "".join(f"{_code(low)}-{_code(high)}" for low, high in inside) + "]"


def _code(code: int) -> str:
    return f"\\U{code:08x}"
