"""Conditions: what a `when` has become, ready to be asked of a context.

A condition answers with `holds`, for a targeting key and attributes. It knows how deep it is and
of how many parts it consists, those of its segments included: compiled recursion is not checked,
and a few segments that name each other often enough would make one look at a flag take minutes.
"""

from __future__ import annotations

from flaghoist.evaluation.bucketing import Bucketer
from flaghoist.evaluation.context import TARGETING_KEY, find_attribute

__all__ = ["All", "AnyOf", "Below", "Condition", "Not"]


class Condition:
    """Something that holds for a context or not."""

    __slots__ = ("depth", "weight")

    depth: int
    weight: int

    def __init__(self, parts: list[Condition]) -> None:
        self.depth = 1 + max([part.depth for part in parts], default=0)
        self.weight = 1 + sum([part.weight for part in parts])

    def holds(self, key: object, attributes: dict[str, object]) -> bool:
        """Whether this holds for the targeting key and the attributes."""
        raise NotImplementedError


class All(Condition):
    """Every one of several conditions."""

    __slots__ = ("parts",)

    parts: list[Condition]

    def __init__(self, parts: list[Condition]) -> None:
        super().__init__(parts)
        self.parts = parts

    def holds(self, key: object, attributes: dict[str, object]) -> bool:
        """Whether all parts hold; the first that does not ends it."""
        for part in self.parts:
            if not part.holds(key, attributes):
                return False
        return True


class AnyOf(Condition):
    """One of several conditions."""

    __slots__ = ("parts",)

    parts: list[Condition]

    def __init__(self, parts: list[Condition]) -> None:
        super().__init__(parts)
        self.parts = parts

    def holds(self, key: object, attributes: dict[str, object]) -> bool:
        """Whether a part holds; the first that does ends it."""
        for part in self.parts:
            if part.holds(key, attributes):
                return True
        return False


class Not(Condition):
    """The opposite of a condition."""

    __slots__ = ("part",)

    part: Condition

    def __init__(self, part: Condition) -> None:
        super().__init__([part])
        self.part = part

    def holds(self, key: object, attributes: dict[str, object]) -> bool:
        """Whether the part does not hold."""
        return not self.part.holds(key, attributes)


class Below(Condition):
    """The bucket of an attribute lies below a bound. What has no bucket lies nowhere."""

    __slots__ = ("bound", "bucketer", "by", "by_key")

    bound: int
    bucketer: Bucketer
    by: str
    by_key: bool

    def __init__(self, bucketer: Bucketer, by: str, bound: int) -> None:
        super().__init__([])
        self.bucketer = bucketer
        self.by = by
        self.by_key = by == TARGETING_KEY
        self.bound = bound

    def holds(self, key: object, attributes: dict[str, object]) -> bool:
        """Whether the context has a bucket, and that is below the bound."""
        value = key if self.by_key else find_attribute(self.by, key, attributes)
        return 0 <= self.bucketer.bucket(value) < self.bound
