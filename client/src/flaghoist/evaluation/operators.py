"""The operators of an attribute test: a class for each kind of comparison and one table.

The rules that all of them keep:

- A missing attribute (`None` counts as missing) and one of a wrong type never match. The
  operators with a `not` in their name, and `exists: [false]`, are the plain opposite of their
  counterparts, so there both do match.
- An attribute that is a list, a tuple or a set matches if one of its items does. Items that are
  lists themselves are of a wrong type.
- Several values mean *any of them*.
- A bool is no number, though Python thinks so. Numbers compare by value: 1 equals 1.0.
"""

from __future__ import annotations

import ipaddress
import operator
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from flaghoist.evaluation.conditions import Condition, Not
from flaghoist.evaluation.context import Attributes, find_attribute
from flaghoist.evaluation.native import mypyc_attr
from flaghoist.model.moments import parse_moment
from flaghoist.model.patterns import Pattern, compile_pattern
from flaghoist.model.semver import Version, parse_semver

__all__ = ["OPERATORS", "AttributeTest"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - see the next line
# mypyc does not know the alias `datetime.UTC`.
_MICROSECOND: Final = timedelta(microseconds=1)

Comparison = Callable[[Any, Any], bool]

_MOST_REMEMBERED = 256
_LONGEST_REMEMBERED = 64


_COLLECTIONS: Final = (list, tuple, set, frozenset)
_NONE: Final[frozenset[Any]] = frozenset()


@mypyc_attr(acyclic=True)
class AttributeTest(Condition):
    """A test of one attribute.

    A subclass answers in `holds` for a value of the type that it compares, found under the plain
    name, and leaves every other case to `otherwise`.
    """

    __slots__ = ("name", "plain")

    name: str
    plain: bool
    """The attribute can stand under its name only, and not at the end of a path."""

    def __init__(self, name: str) -> None:
        super().__init__([])
        # Applications write names as constants, which Python interns: the same object is found
        # without comparing texts.
        self.name = sys.intern(name)
        self.plain = "." not in name

    def otherwise(self, value: object, attributes: Attributes) -> bool:
        """Whether the attribute is found elsewhere and passes, or has an item that passes."""
        if value is None:
            return not self.plain and self.holds_for(find_attribute(attributes, self.name))
        if isinstance(value, _COLLECTIONS):
            for item in value:
                if not isinstance(item, _COLLECTIONS) and self.holds_for(item):
                    return True
        return False

    def holds_for(self, value: object) -> bool:
        """Whether a value would pass under the plain name."""
        return value is not None and self.holds({self.name: value})


@mypyc_attr(acyclic=True)
class Exists(AttributeTest):
    """The attribute is there."""

    __slots__ = ()

    def holds(self, attributes: Attributes) -> bool:
        """Whether there is any value."""
        return find_attribute(attributes, self.name) is not None


@mypyc_attr(acyclic=True)
class OneOf(AttributeTest):
    """The value is one of some texts, numbers and truth values."""

    __slots__ = ("folded", "numbers", "texts", "truths")

    texts: frozenset[str]
    numbers: frozenset[float]
    truths: frozenset[bool]
    folded: bool

    def __init__(self, name: str, values: list[Any], folded: bool) -> None:
        super().__init__(name)
        texts = [value for value in values if isinstance(value, str)]
        self.texts = frozenset([text.casefold() if folded else text for text in texts])
        self.truths = _NONE
        self.numbers = _NONE
        if len(texts) < len(values):
            self.truths = frozenset([value for value in values if isinstance(value, bool)])
            self.numbers = frozenset([value for value in values if _is_number(value)])
        self.folded = folded

    def holds(self, attributes: Attributes) -> bool:
        """Whether the value is among them, as the type that it is."""
        value = attributes.get(self.name)
        if isinstance(value, str):
            return (value.casefold() if self.folded else value) in self.texts
        if isinstance(value, bool):
            return value in self.truths
        if isinstance(value, (int, float)):
            return value in self.numbers
        return self.otherwise(value, attributes)


@mypyc_attr(acyclic=True)
class TextTest(AttributeTest):
    """A test of text against some pieces of text."""

    __slots__ = ("folded", "pieces")

    pieces: tuple[str, ...]
    folded: bool

    def __init__(self, name: str, pieces: list[str], folded: bool) -> None:
        super().__init__(name)
        self.pieces = tuple([piece.casefold() if folded else piece for piece in pieces])
        self.folded = folded


@mypyc_attr(acyclic=True)
class StartsWith(TextTest):
    """The text begins with one of the pieces."""

    __slots__ = ()

    def holds(self, attributes: Attributes) -> bool:
        """Whether the value is such a text."""
        value = attributes.get(self.name)
        if isinstance(value, str):
            return (value.casefold() if self.folded else value).startswith(self.pieces)
        return self.otherwise(value, attributes)


@mypyc_attr(acyclic=True)
class EndsWith(TextTest):
    """The text ends with one of the pieces."""

    __slots__ = ()

    def holds(self, attributes: Attributes) -> bool:
        """Whether the value is such a text."""
        value = attributes.get(self.name)
        if isinstance(value, str):
            return (value.casefold() if self.folded else value).endswith(self.pieces)
        return self.otherwise(value, attributes)


@mypyc_attr(acyclic=True)
class Contains(TextTest):
    """One of the pieces occurs in the text."""

    __slots__ = ()

    def holds(self, attributes: Attributes) -> bool:
        """Whether the value is such a text."""
        value = attributes.get(self.name)
        if isinstance(value, str):
            text = value.casefold() if self.folded else value
            for piece in self.pieces:
                if piece in text:
                    return True
            return False
        return self.otherwise(value, attributes)


@mypyc_attr(acyclic=True)
class NumberTest(AttributeTest):
    """A number compared with a bound."""

    __slots__ = ("bound", "compare")

    bound: object
    compare: Comparison

    def __init__(self, name: str, compare: Comparison, bound: object) -> None:
        super().__init__(name)
        self.compare = compare
        self.bound = bound

    def holds(self, attributes: Attributes) -> bool:
        """Whether the value is such a number; NaN never is."""
        value = attributes.get(self.name)
        if _is_number(value):
            return self.compare(value, self.bound)
        return self.otherwise(value, attributes)


@mypyc_attr(acyclic=True)
class ReadTest(AttributeTest):
    """A test of text that has to be read first.

    Applications ask with the same few texts again and again (their version, their users'
    networks), so verdicts are remembered.
    """

    __slots__ = ("remembered",)

    remembered: dict[str, bool]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.remembered = {}

    def holds(self, attributes: Attributes) -> bool:
        """Whether the value is a text that passes."""
        value = attributes.get(self.name)
        if isinstance(value, str):
            verdict = self.remembered.get(value)
            return self.learn(value) if verdict is None else verdict
        return self.otherwise(value, attributes)

    def learn(self, text: str) -> bool:
        """Judge a text and remember the verdict, within bounds."""
        verdict = self.judge(text)
        if len(text) <= _LONGEST_REMEMBERED:
            if len(self.remembered) >= _MOST_REMEMBERED:
                self.remembered = {}
            self.remembered[text] = verdict
        return verdict

    def judge(self, text: str) -> bool:
        """Whether a text passes."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Matches(ReadTest):
    """One of the patterns occurs in the text."""

    __slots__ = ("patterns",)

    patterns: list[Pattern]

    def __init__(self, name: str, patterns: list[str], folded: bool) -> None:
        super().__init__(name)
        self.patterns = [compile_pattern(pattern, folded) for pattern in patterns]

    def judge(self, text: str) -> bool:
        """Whether a pattern occurs in it."""
        return any(pattern.search(text) for pattern in self.patterns)


@mypyc_attr(acyclic=True)
class SemverTest(ReadTest):
    """A semantic version, compared by precedence with some others."""

    __slots__ = ("bounds", "compare")

    compare: Comparison
    bounds: list[Version | None]

    def __init__(self, name: str, compare: Comparison, bounds: list[str]) -> None:
        super().__init__(name)
        self.compare = compare
        self.bounds = [parse_semver(bound) for bound in bounds]

    def judge(self, text: str) -> bool:
        """Whether it is a semantic version that compares so with one of the bounds."""
        version = parse_semver(text)
        return version is not None and any(self.compare(version, at) for at in self.bounds)


@mypyc_attr(acyclic=True)
class MomentTest(ReadTest):
    """A point in time, before or after some others."""

    __slots__ = ("bounds", "compare")

    compare: Comparison
    bounds: list[int | None]

    def __init__(self, name: str, compare: Comparison, bounds: list[str]) -> None:
        super().__init__(name)
        self.compare = compare
        self.bounds = [parse_moment(bound) for bound in bounds]

    def otherwise(self, value: object, attributes: Attributes) -> bool:
        """A `datetime` is a moment, too, if it knows its offset."""
        if isinstance(value, datetime):
            return value.tzinfo is not None and self.passes((value - _EPOCH) // _MICROSECOND)
        return super().otherwise(value, attributes)

    def judge(self, text: str) -> bool:
        """Whether it is an RFC 3339 date-time that passes."""
        moment = parse_moment(text)
        return moment is not None and self.passes(moment)

    def passes(self, moment: int) -> bool:
        """Whether the moment compares so with one of the bounds."""
        return any(self.compare(moment, at) for at in self.bounds)


@mypyc_attr(acyclic=True)
class InCidr(ReadTest):
    """An IP address in one of some networks; an IPv4 address mapped into IPv6 is IPv4."""

    __slots__ = ("networks",)

    networks: list[Any]

    def __init__(self, name: str, networks: list[str]) -> None:
        super().__init__(name)
        self.networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def judge(self, text: str) -> bool:
        """Whether it is an address in one of them."""
        try:
            address: Any = ipaddress.ip_address(text)
        except ValueError:
            return False
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def _is_number(value: object) -> bool:
    # A bool is an int in Python, and no number in a flag.
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _not_one_of(name: str, values: list[Any], folded: bool) -> Condition:
    return Not(OneOf(name, values, folded))


def _exists(name: str, values: list[Any], _folded: bool) -> Condition:
    return Exists(name) if values[0] else Not(Exists(name))


Maker = Callable[[str, list[Any], bool], Condition]
"""(attribute, values, ignore case) -> condition."""

OPERATORS: Final[dict[str, Maker]] = {
    "in": OneOf,
    "not_in": _not_one_of,
    "equals": OneOf,
    "not_equals": _not_one_of,
    "starts_with": StartsWith,
    "ends_with": EndsWith,
    "contains": Contains,
    "matches": Matches,
    "lt": lambda name, values, _: NumberTest(name, operator.lt, max(values)),
    "lte": lambda name, values, _: NumberTest(name, operator.le, max(values)),
    "gt": lambda name, values, _: NumberTest(name, operator.gt, min(values)),
    "gte": lambda name, values, _: NumberTest(name, operator.ge, min(values)),
    "semver_eq": lambda name, values, _: SemverTest(name, operator.eq, values),
    "semver_lt": lambda name, values, _: SemverTest(name, operator.lt, values),
    "semver_lte": lambda name, values, _: SemverTest(name, operator.le, values),
    "semver_gt": lambda name, values, _: SemverTest(name, operator.gt, values),
    "semver_gte": lambda name, values, _: SemverTest(name, operator.ge, values),
    "before": lambda name, values, _: MomentTest(name, operator.lt, values),
    "after": lambda name, values, _: MomentTest(name, operator.gt, values),
    "exists": _exists,
    "in_cidr": lambda name, values, _: InCidr(name, values),
}
"""Every operator of the contract, and what makes its condition."""
