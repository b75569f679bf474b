"""Patterns that Python's `re` runs as RE2 would: the same matches, in linear time.

A pattern is parsed by us (`pattern_syntax`), and what `re` gets is written anew from that parse:
nothing depends on how `re` reads RE2's syntax. `\\d`, `\\w`, `\\s` are ASCII, `$` is the end of the
text and not the line feed before it, `ignore_case` folds as RE2 does.

The time. `re` backtracks, and takes exponential time where one text can be matched in many ways.
A pattern is portable only if there is never a choice: at each point the next character decides
the only way on. Then an attempt that fails gives up what it took step by step, and each step
fails at once: linear from one start. A search starts at every character, so the work from one start
is bounded there, which excludes `*` and `+`; after `^` there is one start, and they are free.

"Never a choice" is checked on Glushkov's positions. A position is an element of the pattern that
stands for one character. For each part of the pattern: with which positions a match of it can
start (`first`), with which it can end (`last`), whether it can be empty; and for each position
which can come next (`follow`). The pattern is refused when two positions in one `first` or one
`follow` share a character, or are the same position reached in two ways (`(a+)+`), when a body
that can be empty is repeated (`(a*)*`), and when two options of a choice can be empty: everything
that would give one text two ways.
"""

from __future__ import annotations

from typing import NamedTuple

from flaghoist.model.charsets import Ranges, disjoint, to_re
from flaghoist.model.pattern_syntax import (
    ENDLESS,
    Choice,
    Node,
    NotPortable,
    Repeat,
    Sequence,
    Set,
    parse_pattern,
)

__all__ = ["NotPortable", "translate"]

_MAX_POSITIONS = 400

# Ways on that are tried: from one start of a search, and for one character after `^`. A subject
# of 2,048 characters times 64 of them takes 1.2 ms at worst.
_MAX_WAYS = 64


def translate(pattern: str, ignore_case: bool) -> str:
    """The pattern as Python's `re` is to get it.

    Raises:
        NotPortable: it is not of the subset.
    """
    parsed = parse_pattern(pattern, ignore_case)
    positions = _Positions()
    part = positions.part(parsed.node)
    if not parsed.at_start and part.endless:
        raise NotPortable("it repeats without a bound and without ^")
    ways = [len(part.first), *positions.ways()]
    if max(ways) > _MAX_WAYS or (not parsed.at_start and sum(ways) > _MAX_WAYS):
        raise NotPortable("it leaves too many ways on")
    start = r"\A" if parsed.at_start else ""
    end = r"\Z" if parsed.at_end else ""
    return f"{start}(?:{_written(parsed.node)}){end}"


class _Part(NamedTuple):
    """What the check knows of one part of a pattern."""

    empty: bool
    first: tuple[int, ...]
    last: tuple[int, ...]
    endless: bool = False


_NOTHING = _Part(empty=True, first=(), last=())


class _Positions:
    """The positions of one pattern: which set each stands for, and which follow it."""

    def __init__(self) -> None:
        self._sets: list[Ranges] = []
        self._follow: list[list[int]] = []

    def part(self, node: Node) -> _Part:
        """Number the positions of a part of the pattern; refuse it where there is a choice."""
        match node:
            case Set(chars=chars):
                return self._position(chars)
            case Sequence(parts=parts):
                whole = _NOTHING
                for inner in parts:
                    whole = self._concatenated(whole, self.part(inner))
                return whole
            case Choice(options=options):
                return self._choice([self.part(option) for option in options])
            case Repeat():
                return self._repeated(node)

    def ways(self) -> list[int]:
        """For each position, how many can follow."""
        return [len(follow) for follow in self._follow]

    def _position(self, chars: Ranges) -> _Part:
        if len(self._sets) == _MAX_POSITIONS:
            raise NotPortable(f"it is longer than {_MAX_POSITIONS} characters, repeats counted")
        number = len(self._sets)
        self._sets.append(chars)
        self._follow.append([])
        return _Part(empty=False, first=(number,), last=(number,))

    def _concatenated(self, one: _Part, two: _Part) -> _Part:
        self._link(one.last, two.first)
        first = self._together(one.first, two.first) if one.empty else one.first
        return _Part(
            empty=one.empty and two.empty,
            first=first,
            last=one.last + two.last if two.empty else two.last,
            endless=one.endless or two.endless,
        )

    def _choice(self, options: list[_Part]) -> _Part:
        if sum(option.empty for option in options) > 1:
            raise NotPortable("two options of a choice can be empty")
        first: tuple[int, ...] = ()
        for option in options:
            first = self._together(first, option.first)
        return _Part(
            empty=any(option.empty for option in options),
            first=first,
            last=tuple(position for option in options for position in option.last),
            endless=any(option.endless for option in options),
        )

    def _repeated(self, node: Repeat) -> _Part:
        """`x{2,4}` is `xx(x(x)?)?`, `x{2,}` is `xx+`: every copy has positions of its own."""
        if node.most == ENDLESS:
            whole = self._again(node.body, endless=True)
            optional = 0
            required = max(node.least - 1, 0)
        else:
            whole = _NOTHING
            optional = node.most - node.least
            required = node.least
        for _ in range(optional):
            whole = self._concatenated(self._again(node.body), whole)._replace(empty=True)
        if node.most == ENDLESS and node.least == 0:
            whole = whole._replace(empty=True)
        for _ in range(required):
            whole = self._concatenated(self._again(node.body), whole)
        return whole

    def _again(self, body: Node, *, endless: bool = False) -> _Part:
        part = self.part(body)
        if part.empty:
            raise NotPortable("something that can be empty is repeated")
        if endless:
            self._link(part.last, part.first)
            return part._replace(endless=True)
        return part

    def _link(self, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        for position in before:
            self._follow[position] = list(self._together(tuple(self._follow[position]), after))

    def _together(self, one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
        """Both lists of positions; they are ways on, so they must not share a character."""
        for left in one:
            for right in two:
                if not disjoint(self._sets[left], self._sets[right]):
                    raise NotPortable("one character does not decide how it goes on")
        return one + two


def _written(node: Node) -> str:
    match node:
        case Set(chars=chars):
            return to_re(chars)
        case Sequence(parts=parts):
            return "".join(map(_written, parts))
        case Choice(options=options):
            return f"(?:{'|'.join(map(_written, options))})"
        case Repeat(body=body, least=least, most=most):
            upto = "" if most == ENDLESS else most
            return f"(?:{_written(body)}){{{least},{upto}}}"
