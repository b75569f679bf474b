"""The portable part of RE2's syntax, read into sets of characters and what combines them.

Literals, `.`, `[…]`, `\\d \\w \\s` and their opposites, groups, `|`, `* + ? {m,n}`, `^` or `\\A` at
the start and `$` or `\\z` at the end. Everything else that RE2 knows is refused, by `NotPortable`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from flaghoist.model.charsets import Ranges, folded, inverted, union

__all__ = [
    "ENDLESS",
    "Choice",
    "Node",
    "NotPortable",
    "Parsed",
    "Repeat",
    "Sequence",
    "Set",
    "parse_pattern",
]

ENDLESS = 1 << 30
"""What is longer than any text: the most of `*`."""


class NotPortable(Exception):
    """The pattern is not of the portable subset; the text says why."""


class Set(NamedTuple):
    """One character of a set."""

    chars: Ranges


class Sequence(NamedTuple):
    """One after the other; without parts, nothing."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """One of several."""

    options: tuple[Node, ...]


class Repeat(NamedTuple):
    """The body, `least` to `most` times."""

    body: Node
    least: int
    most: int


Node = Set | Sequence | Choice | Repeat


class Parsed(NamedTuple):
    """A pattern without its anchors, and whether it has them."""

    node: Node
    at_start: bool
    at_end: bool


_MAX_DEPTH = 16

_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = union([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
# Without the vertical tab, which Python counts among the spaces.
_SPACE: Ranges = union([(ord(char), ord(char)) for char in "\t\n\f\r "])
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_ANY = inverted(((0x0A, 0x0A),))

_COUNTS = re.compile(r"\{([0-9]{1,3})(,([0-9]{0,3}))?\}")
_HEX = re.compile(r"x([0-9A-Fa-f]{2})")


def parse_pattern(pattern: str, ignore_case: bool) -> Parsed:
    """Read a pattern.

    Raises:
        NotPortable: it has something that is not of the portable subset.
    """
    start = next((sign for sign in ("^", r"\A") if pattern.startswith(sign)), "")
    inner = pattern.removeprefix(start)
    end = _end_anchor(inner)
    inner = inner.removesuffix(end)
    try:
        node = _Parser(inner, ignore_case).pattern()
    except RecursionError as error:  # options with a long start in common
        raise NotPortable("its options are too long") from error
    if (start or end) and isinstance(node, Choice):
        raise NotPortable("^ or $ belongs to one option of a choice only")
    return Parsed(node, bool(start), bool(end))


def _end_anchor(pattern: str) -> str:
    """The anchor at the end, unless the backslash before it makes it something else."""
    for sign in ("$", r"\z"):
        if pattern.endswith(sign):
            before = pattern.removesuffix(sign)
            backslashes = len(before) - len(before.rstrip("\\"))
            return sign if backslashes % 2 == 0 else ""
    return ""


def _factored(options: list[Sequence]) -> Node:
    """A choice whose options start differently: `iPhone|iPad` is `iP(?:hone|ad)`.

    Which option comes first decides what is matched, never whether, and only that is asked.
    """
    by_start: dict[tuple[Node, ...], list[Sequence]] = {}
    for option in options:
        by_start.setdefault(option.parts[:1], []).append(Sequence(option.parts[1:]))
    if len(by_start) > 1:
        return Choice(tuple(_joined(start, rests) for start, rests in by_start.items()))
    return next(_joined(start, rests) for start, rests in by_start.items())


def _joined(start: tuple[Node, ...], rests: list[Sequence]) -> Sequence:
    if len(rests) == 1:
        return Sequence(start + rests[0].parts)
    if not start:
        raise NotPortable("two options of a choice are empty")
    rest = _factored(rests)
    return Sequence(start + (rest.parts if isinstance(rest, Sequence) else (rest,)))


class _Parser:
    """Recursive descent; `_at` is how far it has read."""

    def __init__(self, text: str, ignore_case: bool) -> None:
        self._text = text
        self._at = 0
        self._ignore_case = ignore_case

    def pattern(self) -> Node:
        node = self._choice(0)
        if self._at < len(self._text):
            raise NotPortable("a ) has no (")
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise NotPortable("it ends too early")
        self._at += 1
        return char

    def _took(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _choice(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise NotPortable(f"groups are more than {_MAX_DEPTH} deep")
        options = [self._sequence(depth)]
        while self._took("|"):
            options.append(self._sequence(depth))
        return _factored(options)

    def _sequence(self, depth: int) -> Sequence:
        parts: list[Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repeats(self._element(depth)))
        return Sequence(tuple(parts))

    def _element(self, depth: int) -> Node:
        char = self._take()
        if char == "(":
            return self._group(depth)
        if char == "[":
            return Set(self._class())
        if char == ".":
            return Set(_ANY)
        if char == "\\":
            return Set(self._escape())
        if char in "^$*+?{}]":
            raise NotPortable(f"{char} where it is no plain character")
        return Set(self._char_range(ord(char)))

    def _group(self, depth: int) -> Node:
        if not self._took("?:") and self._peek() == "?":
            raise NotPortable("a group with flags or a name")
        node = self._choice(depth + 1)
        if not self._took(")"):
            raise NotPortable("a ( has no )")
        return node

    def _repeats(self, body: Node) -> Node:
        least, most = self._count()
        if (least, most) == (1, 1):
            return body
        if self._peek() in {"*", "+", "?", "{"}:
            raise NotPortable("a repeat of a repeat, or a lazy one")
        return Repeat(body, least, most)

    def _count(self) -> tuple[int, int]:
        for sign, counts in (("*", (0, ENDLESS)), ("+", (1, ENDLESS)), ("?", (0, 1))):
            if self._took(sign):
                return counts
        found = _COUNTS.match(self._text, self._at)
        if found is None:
            return 1, 1
        self._at = found.end()
        least = int(found[1])
        most = least if found[2] is None else int(found[3] or ENDLESS)
        if not 0 < most >= least or (least, most) == (1, 1):
            raise NotPortable(f"the repeat {found[0]}")
        return least, most

    def _class(self) -> Ranges:
        """A set in brackets, after its [."""
        negated = self._took("^")
        ranges = list(self._class_item(first=True))
        while not self._took("]"):
            ranges += self._class_item()
        chars = inverted(union(ranges)) if negated else union(ranges)
        if not chars:
            raise NotPortable("brackets that no character fits")
        return chars

    def _class_item(self, *, first: bool = False) -> Ranges:
        following = self._text[self._at + 1 : self._at + 2]
        if self._peek() == "\\" and following.lower() in _CLASSES:
            self._at += 1
            return self._escape()
        if self._peek() == "-" and (first or following == "]"):
            return self._char_range(ord(self._take()))
        low = self._class_char()
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] == "]":
            return self._char_range(low)
        self._at += 1
        return self._char_range(low, self._class_char())

    def _class_char(self) -> int:
        char = self._take()
        if char == "\\":
            return self._escaped_char()
        if char in "[]^-":
            raise NotPortable(f"{char} in brackets without a backslash")
        return ord(char)

    def _escape(self) -> Ranges:
        """What a backslash makes of the next character, which is not taken yet."""
        char = self._peek()
        if char and char.lower() in _CLASSES:
            self._at += 1
            chars = self._fold(_CLASSES[char.lower()])
            return inverted(chars) if char.isupper() else chars
        return self._char_range(self._escaped_char())

    def _escaped_char(self) -> int:
        if found := _HEX.match(self._text, self._at):
            self._at = found.end()
            return int(found[1], 16)
        char = self._take()
        if char in _CONTROLS:
            return ord(_CONTROLS[char])
        if not char.isascii() or char.isalnum() or char in "_ " or not char.isprintable():
            raise NotPortable(f"the escape \\{char}")
        return ord(char)

    def _char_range(self, low: int, high: int | None = None) -> Ranges:
        high = low if high is None else high
        if high < low:
            raise NotPortable("a range from high to low")
        return self._fold(((low, high),))

    def _fold(self, ranges: Ranges) -> Ranges:
        if not self._ignore_case:
            return ranges
        both = folded(ranges)
        if both is None:
            raise NotPortable("ignore_case with characters beyond ASCII")
        return both
