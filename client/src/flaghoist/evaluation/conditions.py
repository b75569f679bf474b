"""Conditions: what a `when` has become, ready to be asked of a context's attributes.

A condition knows how deep it is and of how many parts it consists, those of its segments
included: compiled recursion is not checked, and a few segments that name each other often enough
would make one look at a flag take minutes.
"""

from __future__ import annotations

from flaghoist.evaluation.bucketing import Bucketer, hash_bound, text_of
from flaghoist.evaluation.context import Attributes, find_attribute
from flaghoist.evaluation.native import i64, mypyc_attr

__all__ = ["All", "Always", "AnyOf", "Below", "Condition", "Not"]


@mypyc_attr(acyclic=True)
class Condition:
    """Something that holds for a context or not."""

    __slots__ = ("depth", "weight")

    depth: int
    weight: int

    def __init__(self, parts: list[Condition]) -> None:
        self.depth = 1 + max([part.depth for part in parts], default=0)
        self.weight = 1 + sum([part.weight for part in parts])

    def holds(self, attributes: Attributes) -> bool:
        """Whether it does for a context of these attributes."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Always(Condition):
    """No condition at all."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__([])

    def holds(self, attributes: Attributes) -> bool:  # noqa: ARG002 - whatever they are
        """It does for everyone."""
        return True


@mypyc_attr(acyclic=True)
class All(Condition):
    """Every one of several conditions."""

    __slots__ = ("parts",)

    parts: list[Condition]

    def __init__(self, parts: list[Condition]) -> None:
        super().__init__(parts)
        self.parts = parts

    def holds(self, attributes: Attributes) -> bool:
        """Whether all parts hold; the first that does not ends it."""
        for part in self.parts:
            if not part.holds(attributes):
                return False
        return True


@mypyc_attr(acyclic=True)
class AnyOf(Condition):
    """One of several conditions."""

    __slots__ = ("parts",)

    parts: list[Condition]

    def __init__(self, parts: list[Condition]) -> None:
        super().__init__(parts)
        self.parts = parts

    def holds(self, attributes: Attributes) -> bool:
        """Whether a part holds; the first that does ends it."""
        for part in self.parts:
            if part.holds(attributes):
                return True
        return False


@mypyc_attr(acyclic=True)
class Not(Condition):
    """The opposite of a condition."""

    __slots__ = ("part",)

    part: Condition

    def __init__(self, part: Condition) -> None:
        super().__init__([part])
        self.part = part

    def holds(self, attributes: Attributes) -> bool:
        """Whether the part does not hold."""
        return not self.part.holds(attributes)


@mypyc_attr(acyclic=True)
class Below(Condition):
    """The bucket of an attribute lies below a bound. What has no bucket lies nowhere."""

    __slots__ = ("bound", "bucketer", "by")

    bucketer: Bucketer
    by: str
    bound: i64
    """As a bound of hashes."""

    def __init__(self, bucketer: Bucketer, by: str, bucket: i64) -> None:
        super().__init__([])
        self.bucketer = bucketer
        self.by = by
        self.bound = hash_bound(bucket)

    def holds(self, attributes: Attributes) -> bool:
        """Whether there is a bucket, and it is below the bound."""
        text = text_of(find_attribute(attributes, self.by))
        return text is not None and self.bucketer.hash(text) < self.bound
