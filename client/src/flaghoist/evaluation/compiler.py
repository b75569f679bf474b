"""A flag document's struct becomes a compiled flag: all the work is done here, once a change.

What comes in has been checked by `model.decode`; depth and weight are checked again, because
they depend on the segments and flags that a flag refers to, and compiled recursion is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from flaghoist.errors import FlagError
from flaghoist.evaluation.bucketing import Range, Split, make_bucketer
from flaghoist.evaluation.compiled import (
    CompiledFlag,
    CompiledRequirement,
    CompiledRule,
    FixedFlag,
    RuledFlag,
    SplitFlag,
)
from flaghoist.evaluation.conditions import All, AnyOf, Below, Condition, Not
from flaghoist.evaluation.counters import Counters
from flaghoist.evaluation.operators import OPERATORS
from flaghoist.evaluation.outcome import Outcome, make_outcome
from flaghoist.evaluation.result import ErrorCode, Reason
from flaghoist.model.conditions import operator_of
from flaghoist.model.flag import BucketCondition, Flag, Rule, Serve, When
from flaghoist.model.limits import MAX_CONDITION_DEPTH, MAX_REQUIRES_DEPTH
from flaghoist.model.shares import thousandths
from flaghoist.model.validation import effective_variants

__all__ = ["MAX_WEIGHT", "compile_flag", "compile_when"]

MAX_WEIGHT = 10_000
"""Parts of one flag, those of its segments and required flags included. One document can hold
some 2,000; more only come from segments that repeat segments. 10,000 take about a millisecond."""


def compile_flag(
    key: str,
    flag: Flag,
    version: int,
    document: bytes,
    counters: Counters,
    segments: Mapping[str, Condition],
    flags: Mapping[str, CompiledFlag],
) -> CompiledFlag:
    """Compile a flag; `segments` and `flags` hold, compiled, what it refers to.

    Raises:
        FlagError: it refers to what is not there, or is too deep or too large with it.
    """
    return _FlagCompiler(key, flag, version, document, counters, segments, flags).compile()


class _FlagCompiler:
    """The compilation of one flag: what all of its parts need to know."""

    def __init__(
        self,
        key: str,
        flag: Flag,
        version: int,
        document: bytes,
        counters: Counters,
        segments: Mapping[str, Condition],
        flags: Mapping[str, CompiledFlag],
    ) -> None:
        self._key = key
        self._flag = flag
        self._version = version
        self._document = document
        self._counters = counters
        self._segments = segments
        self._flags = flags
        self._salt: str = key if flag.salt is None else flag.salt
        self._variants: Mapping[str, object] = effective_variants(flag)

    def compile(self) -> CompiledFlag:
        flag = self._flag
        if flag.state == "off":
            return self._fixed(self._outcome(flag.off_variant, Reason.DISABLED))
        if flag.requires or flag.targets or flag.rules:
            return self._ruled()
        serve = flag.off_variant if flag.default is None else flag.default
        if not isinstance(serve, dict):
            return self._fixed(self._outcome(serve, Reason.STATIC))
        split = self._split(serve, None, None, None, None)
        return SplitFlag(self._key, self._version, self._document, split, self._unbucketed())

    def _fixed(self, outcome: Outcome) -> CompiledFlag:
        return FixedFlag(self._key, self._version, self._document, outcome)

    def _ruled(self) -> CompiledFlag:
        flag = self._flag
        missed = self._outcome(flag.off_variant, Reason.DISABLED)
        made = RuledFlag(self._key, self._version, self._document, missed, self._unbucketed())
        for requirement in flag.requires:
            required = self._flags.get(requirement.flag)
            if required is None:
                raise FlagError(
                    self._key, f"it requires flag {requirement.flag!r}, which cannot be used"
                )
            made.requires.append(CompiledRequirement(required, frozenset(requirement.variants)))
        for variant, keys in flag.targets.items():
            outcome = self._outcome(variant, Reason.TARGETING_MATCH)
            made.targets.update(dict.fromkeys(keys, outcome))
        for index, rule in enumerate(flag.rules):
            made.rules.append(self._rule(index, rule))
        made.rules.append(self._default())
        self._measure(made)
        return made

    def _rule(self, index: int, rule: Rule) -> CompiledRule:
        condition = None
        if rule.when is not None:
            condition = compile_when(self._key, rule.when, self._segments, self._salt)
        name = rule.name or f"#{index + 1}"
        if isinstance(rule.serve, dict):
            split = self._split(rule.serve, name, rule.bucket_by, rule.salt, rule.hash)
            return CompiledRule(name, condition, None, split)
        outcome = self._outcome(rule.serve, Reason.TARGETING_MATCH, name)
        return CompiledRule(name, condition, outcome, None)

    def _default(self) -> CompiledRule:
        flag = self._flag
        if isinstance(flag.default, dict):
            split = self._split(flag.default, None, None, None, None)
            return CompiledRule("", None, None, split)
        serve = flag.off_variant if flag.default is None else flag.default
        return CompiledRule("", None, self._outcome(serve, Reason.DEFAULT), None)

    def _split(
        self,
        serve: dict[str, float],
        rule: str | None,
        bucket_by: str | None,
        salt: str | None,
        name: str | None,
    ) -> Split:
        flag = self._flag
        bucketer = make_bucketer(self._salt if salt is None else salt, name or flag.hash)
        ranges = []
        upper = 0
        for variant, percent in serve.items():
            share = thousandths(percent) or 0
            if share:
                upper += share
                ranges.append(Range(upper, self._outcome(variant, Reason.SPLIT, rule)))
        return Split(bucketer, bucket_by or flag.bucket_by, ranges)

    def _unbucketed(self) -> Outcome:
        return self._outcome(
            self._flag.off_variant, Reason.ERROR, None, ErrorCode.TARGETING_KEY_MISSING
        )

    def _outcome(
        self,
        variant: str | None,
        reason: Reason,
        rule: str | None = None,
        error: ErrorCode | None = None,
    ) -> Outcome:
        value = None if variant is None else self._variants[variant]
        return make_outcome(
            self._key, self._version, self._counters, variant, value, reason, rule, error
        )

    def _measure(self, made: RuledFlag) -> None:
        made.depth = 1 + max([need.flag.depth for need in made.requires], default=0)
        made.weight += sum([need.flag.weight for need in made.requires])
        for rule in made.rules:
            made.weight += 1 if rule.condition is None else rule.condition.weight
        if made.depth > MAX_REQUIRES_DEPTH + 1:
            raise FlagError(self._key, f"flags require flags {made.depth - 1} deep")
        _check_weight(self._key, made.weight)


def compile_when(
    key: str, when: When, segments: Mapping[str, Condition], salt: str | None = None
) -> Condition:
    """Compile a condition of flag or segment `key`; `segments` holds, compiled, what it names.

    A `bucket` without a salt of its own takes `salt`: the flag's, or for a segment its name.

    Raises:
        FlagError: it names a segment that is not there, or is too deep or too large with it.
    """
    made = _condition(key, when, segments, key if salt is None else salt)
    if made.depth > MAX_CONDITION_DEPTH:
        raise FlagError(key, f"its conditions are {made.depth} deep, segments included")
    _check_weight(key, made.weight)
    return made


def _condition(key: str, when: When, segments: Mapping[str, Condition], salt: str) -> Condition:
    if when.attribute is not UNSET:
        found = operator_of(when)
        assert found is not None, "decoding has checked that there is an operator"
        return OPERATORS[found[0].name](when.attribute, found[1], when.ignore_case)
    if when.segment is not UNSET:
        condition = segments.get(when.segment)
        if condition is None:
            raise FlagError(key, f"it uses segment {when.segment!r}, which cannot be used")
        return condition
    if when.bucket is not UNSET:
        return _below(when.bucket, salt)
    if when.not_ is not UNSET:
        return Not(_condition(key, when.not_, segments, salt))
    if when.all is not UNSET:
        return All([_condition(key, part, segments, salt) for part in when.all])
    assert when.any is not UNSET, "decoding has checked that it is one of these"
    return AnyOf([_condition(key, part, segments, salt) for part in when.any])


def _below(bucket: BucketCondition, salt: str) -> Condition:
    bucketer = make_bucketer(salt if bucket.salt is None else bucket.salt, bucket.hash)
    return Below(bucketer, bucket.by, thousandths(bucket.below) or 0)


def _check_weight(key: str, weight: int) -> None:
    if weight > MAX_WEIGHT:
        raise FlagError(
            key, f"it has {weight} parts with its segments and required flags; at most {MAX_WEIGHT}"
        )
