"""Choosers: what is left to do when a flag is looked up. Asked with a context, one outcome.

A chooser takes the context as the application gave it, because most of them need no more than
the targeting key, and a `Context` would cost more to make than the rest of the lookup. Only what
looks at attributes turns it into one.

Variants of a split take consecutive ranges of buckets in the order written, 1 % being 1,000 of
the 100,000, so that raising a share from 10 to 25 keeps everyone who was in it.
"""

from __future__ import annotations

from flaghoist.evaluation.bucketing import Bucketer, digest, hash_bound, text_of
from flaghoist.evaluation.conditions import Condition
from flaghoist.evaluation.context import TARGETING_KEY, Context
from flaghoist.evaluation.native import i64
from flaghoist.evaluation.outcome import Outcome

__all__ = ["Chooser", "Constant", "Range", "Requirement", "Rule", "Rules", "Split"]


class Chooser:
    """Something that comes out as one of several outcomes."""

    __slots__ = ()

    def choose(self, context: object) -> Outcome | None:
        """The outcome for what an application gives as a context; `None`: none of mine.

        Raises:
            InvalidContext: it is no context.
        """
        raise NotImplementedError


class Constant(Chooser):
    """The same for everyone."""

    __slots__ = ("outcome",)

    outcome: Outcome

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def choose(self, context: object) -> Outcome | None:  # noqa: ARG002 - whoever it is
        """The one outcome."""
        return self.outcome


class Range:
    """Buckets below `upper` that are in none of the ranges before. The last range has no next."""

    __slots__ = ("bound", "next", "outcome", "upper")

    upper: i64
    bound: i64
    """`upper`, as a bound of hashes."""
    outcome: Outcome
    next: Range | None

    def __init__(self, upper: i64, outcome: Outcome, following: Range | None) -> None:
        self.upper = upper
        self.bound = hash_bound(upper)
        self.outcome = outcome
        self.next = following


class Split(Chooser):
    """Percentages by variant, as ranges of buckets."""

    __slots__ = ("bucketer", "by", "by_key", "first", "unbucketed")

    bucketer: Bucketer
    by: str
    by_key: bool
    first: Range
    unbucketed: Outcome | None
    """What a context without a bucket gets."""

    def __init__(
        self, bucketer: Bucketer, by: str, first: Range, unbucketed: Outcome | None
    ) -> None:
        self.bucketer = bucketer
        self.by = by
        self.by_key = by == TARGETING_KEY
        self.first = first
        self.unbucketed = unbucketed

    def choose(self, context: object) -> Outcome | None:
        """The outcome of the context's bucket."""
        key = context.targeting_key if type(context) is Context else context
        if type(key) is str and self.by_key:
            text: str | None = key
        else:
            text = self.text(context)
        if text is None:
            return self.unbucketed
        # Written out from `Bucketer.hash`: as plain Python, another call would be a tenth more.
        bucketer = self.bucketer
        data = text.encode()
        hashed = (
            bucketer.start.followed_by(data) if digest is None else digest(bucketer.prefix + data)
        )
        place: Range | None = self.first
        while place is not None:
            if hashed < place.bound:
                return place.outcome
            place = place.next
        return self.unbucketed

    def text(self, context: object) -> str | None:
        """What is hashed for this context; `None` if there is nothing to hash."""
        return text_of(Context.of(context).get(self.by))


class Requirement:
    """Another flag must come out as one of some variants."""

    __slots__ = ("chooser", "variants")

    chooser: Chooser
    variants: frozenset[str]

    def __init__(self, chooser: Chooser, variants: frozenset[str]) -> None:
        self.chooser = chooser
        self.variants = variants

    def variant(self, context: Context) -> str | None:
        """As which variant the other flag comes out."""
        outcome = self.chooser.choose(context)
        return None if outcome is None else outcome.variant

    def met(self, context: Context) -> bool:
        """Whether it comes out as it must."""
        variant = self.variant(context)
        return variant is not None and variant in self.variants


class Rule:
    """A condition (`None`: everyone) and what it serves: one outcome, or a split."""

    __slots__ = ("condition", "name", "outcome", "split")

    name: str
    condition: Condition | None
    outcome: Outcome | None
    split: Split | None

    def __init__(
        self, name: str, condition: Condition | None, outcome: Outcome | None, split: Split | None
    ) -> None:
        self.name = name
        self.condition = condition
        self.outcome = outcome
        self.split = split


class Rules(Chooser):
    """Requirements, targets and rules, in this order. The flag's default is its last rule."""

    __slots__ = ("missed", "requirements", "rules", "targets", "unbucketed")

    requirements: list[Requirement]
    targets: dict[str, Outcome]
    rules: list[Rule]
    missed: Outcome
    """What is served when a requirement is not met."""
    unbucketed: Outcome
    """What is served when the default is a split and the context has no bucket."""

    def __init__(self, missed: Outcome, unbucketed: Outcome) -> None:
        self.requirements = []
        self.targets = {}
        self.rules = []
        self.missed = missed
        self.unbucketed = unbucketed

    def choose(self, context: object) -> Outcome | None:
        """The outcome of the first thing that decides."""
        whole = context if type(context) is Context else Context.of(context)
        if self.requirements:
            for requirement in self.requirements:
                if not requirement.met(whole):
                    return self.missed
        if self.targets:
            target = self.target(whole)
            if target is not None:
                return target
        for rule in self.rules:
            condition = rule.condition
            if condition is None or condition.holds(whole):
                split = rule.split
                outcome = rule.outcome if split is None else split.choose(whole)
                # A split without a bucket for this context has not matched.
                if outcome is not None:
                    return outcome
        return self.unbucketed

    def target(self, context: Context) -> Outcome | None:
        """What is served to the targeting key by its name, if anything."""
        text = text_of(context.targeting_key)
        return None if text is None else self.targets.get(text)
