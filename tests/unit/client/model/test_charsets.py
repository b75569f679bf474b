"""Sets of characters as ranges of code points."""

from __future__ import annotations

import re
import sys

import pytest

from flaghoist.model.charsets import Ranges, disjoint, folded, inverted, to_re, union

LAST = sys.maxunicode


def ranges(text: str) -> Ranges:
    """The set of the characters of a text."""
    return union([(ord(char), ord(char)) for char in text])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], ()),
        ([(5, 9), (1, 2)], ((1, 2), (5, 9))),
        ([(1, 4), (3, 9)], ((1, 9),)),
        ([(1, 4), (5, 9)], ((1, 9),)),
        ([(1, 9), (3, 4)], ((1, 9),)),
    ],
)
def test_union(parts: list[tuple[int, int]], expected: Ranges) -> None:
    """Ranges that overlap or touch become one."""
    assert expected == union(parts)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), ((0, LAST),)),
        (((0, LAST),), ()),
        (((1, 2), (5, 9)), ((0, 0), (3, 4), (10, LAST))),
        (((0, 4),), ((5, LAST),)),
    ],
)
def test_inverted(given: Ranges, expected: Ranges) -> None:
    """All that is not in the set, and twice is the set again."""
    assert expected == inverted(given)
    assert given == inverted(inverted(given))


def test_disjoint() -> None:
    """Sets are disjoint when they share no character."""
    assert disjoint(ranges("ace"), ranges("bdf"))
    assert not disjoint(ranges("a"), ((0x60, 0x70),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "aA"), ("K", "kK\u212a"), ("s", "sS\u017f"), ("1", "1"), ("[z", "[zZ")],
)
def test_folded(text: str, expected: str) -> None:
    """Both cases of ASCII, and the two characters beyond it that fold into ASCII."""
    assert ranges(expected) == folded(ranges(text))


def test_not_folded_beyond_ascii() -> None:
    """What folds into what beyond ASCII depends on Unicode's version."""
    assert folded(ranges("ä")) is None


@pytest.mark.parametrize(
    "given",
    [ranges("a"), ranges("]^-\\"), ((0x30, 0x39),), inverted(ranges("\n")), ((0, LAST),)],
)
def test_to_re(given: Ranges) -> None:
    """Python's `re` finds exactly the characters of the set."""
    element = re.compile(to_re(given))

    samples = [*range(300), 0xD800, 0x212A, LAST]
    found = [code for code in samples if element.fullmatch(chr(code))]
    assert found == [code for code in samples if not disjoint(given, ((code, code),))]
