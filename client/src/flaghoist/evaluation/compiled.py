"""A compiled flag: asked for a context, it answers with an outcome.

There are three kinds, so that what a flag does not use costs it nothing: one that serves
everyone the same, one that only splits, and one that has requirements, targets or rules.
"""

from __future__ import annotations

from flaghoist.evaluation.bucketing import Split, text_of
from flaghoist.evaluation.conditions import Condition
from flaghoist.evaluation.context import NOTHING, Context
from flaghoist.evaluation.outcome import Outcome

__all__ = [
    "CompiledFlag",
    "CompiledRequirement",
    "CompiledRule",
    "FixedFlag",
    "RuledFlag",
    "SplitFlag",
]


class CompiledFlag:
    """A flag in one environment as a function of a context."""

    __slots__ = ("depth", "document", "fixed", "key", "version", "weight")

    key: str
    version: int
    document: bytes
    """The document that it was compiled from."""
    fixed: Outcome | None
    """How it comes out for everyone, if that is always the same."""
    depth: int
    """How many flags deep it requires others, itself counted."""
    weight: int
    """Of how many parts it consists, those of required flags and segments included."""

    def __init__(self, key: str, version: int, document: bytes, fixed: Outcome | None) -> None:
        self.key = key
        self.version = version
        self.document = document
        self.fixed = fixed
        self.depth = 1
        self.weight = 1

    def choose(self, context: object) -> Outcome:
        """How the flag comes out for what an application gives as a context.

        Raises:
            InvalidContext: it is no context.
        """
        if isinstance(context, str):
            return self.decide(context, NOTHING)
        if context is None:
            return self.decide(None, NOTHING)
        whole = context if isinstance(context, Context) else Context.of(context)
        return self.decide(whole.targeting_key, whole.attributes)

    def decide(self, key: object, attributes: dict[str, object]) -> Outcome:
        """How the flag comes out for this targeting key and these attributes."""
        raise NotImplementedError


class FixedFlag(CompiledFlag):
    """A flag that serves everyone the same: switched off, or without any condition."""

    __slots__ = ("outcome",)

    outcome: Outcome

    def __init__(self, key: str, version: int, document: bytes, outcome: Outcome) -> None:
        super().__init__(key, version, document, outcome)
        self.outcome = outcome

    def decide(self, key: object, attributes: dict[str, object]) -> Outcome:  # noqa: ARG002
        """Always the same."""
        return self.outcome


class SplitFlag(CompiledFlag):
    """A flag that only shares out percentages."""

    __slots__ = ("split", "unbucketed")

    split: Split
    unbucketed: Outcome

    def __init__(
        self, key: str, version: int, document: bytes, split: Split, unbucketed: Outcome
    ) -> None:
        super().__init__(key, version, document, None)
        self.split = split
        self.unbucketed = unbucketed

    def decide(self, key: object, attributes: dict[str, object]) -> Outcome:
        """By the bucket; the off variant without one."""
        outcome = self.split.pick(key, attributes)
        return self.unbucketed if outcome is None else outcome


class CompiledRequirement:
    """Another flag must come out as one of some variants."""

    __slots__ = ("flag", "variants")

    flag: CompiledFlag
    variants: frozenset[str]

    def __init__(self, flag: CompiledFlag, variants: frozenset[str]) -> None:
        self.flag = flag
        self.variants = variants

    def met(self, key: object, attributes: dict[str, object]) -> bool:
        """Whether it does for this context."""
        variant = self.flag.decide(key, attributes).variant
        return variant is not None and variant in self.variants


class CompiledRule:
    """A condition (`None`: everyone) and what it serves: one outcome or a split."""

    __slots__ = ("condition", "fixed", "name", "split")

    name: str
    condition: Condition | None
    fixed: Outcome | None
    split: Split | None

    def __init__(
        self,
        name: str,
        condition: Condition | None,
        fixed: Outcome | None,
        split: Split | None,
    ) -> None:
        self.name = name
        self.condition = condition
        self.fixed = fixed
        self.split = split

    def pick(self, key: object, attributes: dict[str, object]) -> Outcome | None:
        """What it serves; `None` if it is a split and the context has no bucket."""
        if self.split is not None:
            return self.split.pick(key, attributes)
        return self.fixed


class RuledFlag(CompiledFlag):
    """A flag with requirements, targets or rules. Its default is its last rule."""

    __slots__ = ("missed", "requires", "rules", "targets", "unbucketed")

    requires: list[CompiledRequirement]
    targets: dict[str, Outcome]
    rules: list[CompiledRule]
    missed: Outcome
    """What it serves when a requirement is not met."""
    unbucketed: Outcome
    """What it serves when the default is a split and the context has no bucket."""

    def __init__(
        self, key: str, version: int, document: bytes, missed: Outcome, unbucketed: Outcome
    ) -> None:
        super().__init__(key, version, document, None)
        self.requires = []
        self.targets = {}
        self.rules = []
        self.missed = missed
        self.unbucketed = unbucketed

    def decide(self, key: object, attributes: dict[str, object]) -> Outcome:
        """Requirements, then targets, then the first rule that matches."""
        for requirement in self.requires:
            if not requirement.met(key, attributes):
                return self.missed
        if self.targets:
            target = self.target(key)
            if target is not None:
                return target
        for rule in self.rules:
            condition = rule.condition
            if condition is None or condition.holds(key, attributes):
                outcome = rule.pick(key, attributes)
                if outcome is not None:
                    return outcome
        return self.unbucketed

    def target(self, key: object) -> Outcome | None:
        """What is served to this targeting key by name, if anything."""
        text = text_of(key)
        return None if text is None else self.targets.get(text)
