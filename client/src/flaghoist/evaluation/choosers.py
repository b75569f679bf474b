"""Choosers: what is left to do when a flag is looked up. Asked with a context, one outcome.

A chooser takes the context as the application gave it, because most of them need no more than
the targeting key. Only what looks at attributes asks for those.

Variants of a split take consecutive ranges of buckets in the order written, 1 % being 1,000 of
the 100,000, so that raising a share from 10 to 25 keeps everyone who was in it.
"""

from __future__ import annotations

from typing import Final

from flaghoist.evaluation.bucketing import Bucketer, digest, hash_bound, text_of
from flaghoist.evaluation.conditions import Condition
from flaghoist.evaluation.context import (
    TARGETING_KEY,
    Attributes,
    Context,
    attributes_of,
    find_attribute,
)
from flaghoist.evaluation.counters import Tally
from flaghoist.evaluation.native import i64, mypyc_attr
from flaghoist.evaluation.outcome import Outcome
from flaghoist.evaluation.result import Reason

__all__ = ["NO_BUCKET", "Chooser", "Constant", "Range", "Requirement", "Rule", "Rules", "Split"]

NO_BUCKET: Final = Outcome(Tally(), None, None, Reason.ERROR)
"""How a rule's split comes out for a context without a bucket: the rule has not matched."""


@mypyc_attr(acyclic=True)
class Chooser:
    """Something that comes out as one of several outcomes."""

    __slots__ = ()

    def choose(self, context: object) -> Outcome:
        """The outcome for what an application gives as a context.

        Raises:
            InvalidContext: it is no context.
        """
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Constant(Chooser):
    """The same for everyone."""

    __slots__ = ("outcome",)

    outcome: Outcome

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def choose(self, context: object) -> Outcome:  # noqa: ARG002 - whoever it is
        """The one outcome."""
        return self.outcome


@mypyc_attr(acyclic=True)
class Range:
    """Buckets below `upper` that are in none of the ranges before.

    The last range ends above every hash, and has no next.
    """

    __slots__ = ("bound", "next", "outcome", "upper")

    upper: i64
    bound: i64
    """`upper`, as a bound of hashes."""
    outcome: Outcome
    next: Range

    def __init__(self, upper: i64, outcome: Outcome, following: Range | None) -> None:
        self.upper = upper
        self.bound = hash_bound(upper)
        self.outcome = outcome
        if following is not None:
            self.next = following


@mypyc_attr(acyclic=True)
class Split(Chooser):
    """Percentages by variant, as ranges of buckets."""

    __slots__ = ("bucketer", "by", "by_key", "first", "prefix", "unbucketed")

    bucketer: Bucketer
    prefix: bytes
    by: str
    by_key: bool
    first: Range
    unbucketed: Outcome
    """What a context without a bucket gets."""

    def __init__(self, bucketer: Bucketer, by: str, first: Range, unbucketed: Outcome) -> None:
        self.bucketer = bucketer
        self.prefix = bucketer.prefix
        self.by = by
        self.by_key = by == TARGETING_KEY
        self.first = first
        self.unbucketed = unbucketed

    def choose(self, context: object) -> Outcome:
        """The outcome of the context's bucket."""
        text: str | None = None
        if self.by_key:
            key = context.targeting_key if type(context) is Context else context
            text = key if type(key) is str else None
        if text is None:
            text = self.text(context)
            if text is None:
                return self.unbucketed
        # Written out from `Bucketer.hash`: as plain Python, another call would be a tenth more.
        if digest is None:
            hashed = self.bucketer.start.followed_by(text.encode())
        else:
            hashed = digest(self.prefix + text.encode())
        place = self.first
        while hashed >= place.bound:
            place = place.next
        return place.outcome

    def text(self, context: object) -> str | None:
        """What is hashed for this context; `None` if there is nothing to hash."""
        if self.by_key and isinstance(context, Context):
            return text_of(context.targeting_key)
        return text_of(find_attribute(attributes_of(context), self.by))


@mypyc_attr(acyclic=True)
class Requirement:
    """Another flag must come out as one of some variants."""

    __slots__ = ("chooser", "variants")

    chooser: Chooser
    variants: frozenset[str]

    def __init__(self, chooser: Chooser, variants: frozenset[str]) -> None:
        self.chooser = chooser
        self.variants = variants

    def met(self, attributes: Attributes) -> bool:
        """Whether the other flag comes out as it must."""
        variant = self.chooser.choose(attributes).variant
        return variant is not None and variant in self.variants


@mypyc_attr(acyclic=True)
class Rule:
    """A condition, and what is served to those for whom it holds."""

    __slots__ = ("condition", "name", "serve")

    name: str
    condition: Condition
    serve: Chooser

    def __init__(self, name: str, condition: Condition, serve: Chooser) -> None:
        self.name = name
        self.condition = condition
        self.serve = serve


@mypyc_attr(acyclic=True)
class Rules(Chooser):
    """Requirements, targets, rules and the default, in this order: the first that decides."""

    __slots__ = ("default", "fixed", "missed", "requirements", "rules", "targets")

    requirements: list[Requirement]
    targets: dict[str, Outcome]
    rules: list[Rule]
    default: Chooser
    fixed: Outcome | None
    missed: Outcome
    """What is served when a requirement is not met."""

    def __init__(self, missed: Outcome, default: Chooser) -> None:
        self.requirements = []
        self.targets = {}
        self.rules = []
        self.default = default
        self.fixed = default.outcome if isinstance(default, Constant) else None
        self.missed = missed

    def choose(self, context: object) -> Outcome:
        """The outcome of the first thing that decides."""
        attributes = context.attributes if type(context) is Context else attributes_of(context)
        if self.requirements and not self.requirements_met(attributes):
            return self.missed
        if self.targets:
            target = self.target(attributes)
            if target is not None:
                return target
        for rule in self.rules:
            if rule.condition.holds(attributes):
                outcome = rule.serve.choose(attributes)
                if outcome is not NO_BUCKET:
                    return outcome
        return self.default.choose(attributes) if self.fixed is None else self.fixed

    def requirements_met(self, attributes: Attributes) -> bool:
        """Whether all of them are."""
        for requirement in self.requirements:
            if not requirement.met(attributes):
                return False
        return True

    def target(self, attributes: Attributes) -> Outcome | None:
        """What is served to the targeting key by its name, if anything."""
        text = text_of(attributes.get(TARGETING_KEY))
        return None if text is None else self.targets.get(text)
