"""A flag document's struct becomes a compiled flag: all the work is done here, once a change.

What comes in has been checked by `model.decode`; depth and weight are checked again, because
they depend on the segments and flags that a flag refers to, and compiled recursion is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from flaghoist.errors import FlagError
from flaghoist.evaluation.bucketing import BUCKETS, make_bucketer
from flaghoist.evaluation.choosers import (
    NO_BUCKET,
    Chooser,
    Constant,
    Range,
    Requirement,
    Rule,
    Rules,
    Split,
)
from flaghoist.evaluation.compiled import CompiledFlag
from flaghoist.evaluation.conditions import All, Always, AnyOf, Below, Condition, Not
from flaghoist.evaluation.counters import Counters
from flaghoist.evaluation.operators import OPERATORS
from flaghoist.evaluation.outcome import Outcome
from flaghoist.evaluation.result import ErrorCode, Reason
from flaghoist.model.conditions import operator_of
from flaghoist.model.flag import BucketCondition, Flag, When
from flaghoist.model.flag import Requirement as RequirementDocument
from flaghoist.model.flag import Rule as RuleDocument
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
        self._required: list[CompiledFlag] = []
        self._weight = 0
        self._salt: str = key if flag.salt is None else flag.salt
        self._variants: Mapping[str, object] = effective_variants(flag)

    def compile(self) -> CompiledFlag:
        made = CompiledFlag(self._key, self._version, self._document, self._chooser())
        for requirement in self._required:
            made.depth = max(made.depth, 1 + requirement.depth)
            made.weight += requirement.weight
        made.weight += self._weight
        if made.depth > MAX_REQUIRES_DEPTH + 1:
            found = f"it requires flags that require flags, {made.depth - 1} times"
            raise FlagError(self._key, f"{found}; at most {MAX_REQUIRES_DEPTH}")
        _check_weight(self._key, made.weight)
        return made

    def _chooser(self) -> Chooser:
        flag = self._flag
        if flag.state == "off":
            return Constant(self._outcome(flag.off_variant, Reason.DISABLED))
        if not (flag.requires or flag.targets or flag.rules):
            return self._default(Reason.STATIC)
        made = Rules(
            self._outcome(flag.off_variant, Reason.DISABLED), self._default(Reason.DEFAULT)
        )
        for wanted in flag.requires:
            made.requirements.append(self._requirement(wanted))
        for variant, keys in flag.targets.items():
            outcome = self._outcome(variant, Reason.TARGETING_MATCH)
            made.targets.update(dict.fromkeys(keys, outcome))
        for index, rule in enumerate(flag.rules):
            made.rules.append(self._rule(rule.name or f"#{index + 1}", rule))
        return made

    def _requirement(self, wanted: RequirementDocument) -> Requirement:
        required = self._flags.get(wanted.flag)
        if required is None:
            raise FlagError(self._key, f"it requires flag {wanted.flag!r}, which cannot be used")
        self._required.append(required)
        return Requirement(required.chooser, frozenset(wanted.variants))

    def _rule(self, name: str, rule: RuleDocument) -> Rule:
        flag = self._flag
        condition: Condition = Always()
        if rule.when is not None:
            condition = compile_when(self._key, rule.when, self._segments, self._salt)
            self._weight += condition.weight
        if isinstance(rule.serve, str):
            outcome = self._outcome(rule.serve, Reason.TARGETING_MATCH, name)
            return Rule(name, condition, Constant(outcome))
        salt = self._salt if rule.salt is None else rule.salt
        bucketer = make_bucketer(salt, rule.hash or flag.hash)
        first = self._ranges(rule.serve, name)
        return Rule(
            name, condition, Split(bucketer, rule.bucket_by or flag.bucket_by, first, NO_BUCKET)
        )

    def _default(self, reason: Reason) -> Chooser:
        """What is served in the end; `reason` says why, if that is the same for everyone."""
        flag = self._flag
        serve = flag.off_variant if flag.default is None else flag.default
        if not isinstance(serve, dict):
            return Constant(self._outcome(serve, reason))
        bucketer = make_bucketer(self._salt, flag.hash)
        unbucketed = self._outcome(
            flag.off_variant, Reason.ERROR, None, ErrorCode.TARGETING_KEY_MISSING
        )
        return Split(bucketer, flag.bucket_by, self._ranges(serve, None), unbucketed)

    def _ranges(self, serve: Mapping[str, float], rule: str | None) -> Range:
        # From the last range to the first, each knowing the one that follows it.
        place: Range | None = None
        upper = BUCKETS
        for variant, percent in reversed(list(serve.items())):
            share = thousandths(percent) or 0
            if share:
                place = Range(upper, self._outcome(variant, Reason.SPLIT, rule), place)
                upper -= share
        assert place is not None, "decoding has checked that the shares add up to 100 %"
        return place

    def _outcome(
        self,
        variant: str | None,
        reason: Reason,
        rule: str | None = None,
        error: ErrorCode | None = None,
    ) -> Outcome:
        value = None if variant is None else self._variants[variant]
        tally = self._counters.tally(self._key, variant or "")
        return Outcome(tally, value, variant, reason, rule, self._version, error)


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
        found = f"its conditions are {made.depth} deep, segments included"
        raise FlagError(key, f"{found}; at most {MAX_CONDITION_DEPTH}")
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
