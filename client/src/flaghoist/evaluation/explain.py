"""The same evaluation, told step by step.

The result is `settle`'s own. The steps are found by asking the compiled flag's parts in the order
of the contract (state, requirements, targets, rules, default), beside the document that they were
compiled from. A property test holds that the steps and the result never differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from msgspec import UNSET

from flaghoist.errors import InvalidContext
from flaghoist.evaluation.bucketing import BUCKETS, text_of
from flaghoist.evaluation.choosers import Chooser, Rules, Split
from flaghoist.evaluation.compiled import CompiledFlag
from flaghoist.evaluation.conditions import All, AnyOf, Condition, Not
from flaghoist.evaluation.context import TARGETING_KEY, Attributes, attributes_of, find_attribute
from flaghoist.evaluation.result import ErrorCode, Reason
from flaghoist.evaluation.settle import absent, settle
from flaghoist.model.conditions import operator_of
from flaghoist.model.decode import decode_flag, decode_segment
from flaghoist.model.flag import Flag, When

__all__ = ["Explanation", "explain"]

Step = dict[str, Any]
"""`step` and `text` always; beside them what a program may want to know of such a step."""


class Flags(Protocol):
    """What is asked of a snapshot, which is a storey above."""

    flags: dict[str, CompiledFlag]
    segments: dict[str, bytes]
    rejected: dict[str, str]

    @property
    def loaded(self) -> bool:
        """Whether it is an environment's state."""
        ...


class Explanation(NamedTuple):
    """An evaluation and the steps to it."""

    key: str
    value: Any
    variant: str | None
    reason: Reason
    rule: str | None
    version: int
    error: ErrorCode | None
    trace: list[Step]


def explain(
    snapshot: Flags, key: str, context: object = None, default: object = None
) -> Explanation:
    """Evaluate a flag of a snapshot and say how that came about. Nothing is counted."""
    trace: list[Step] = []
    flag = snapshot.flags.get(key)
    why = snapshot.rejected.get(key)
    if why is not None:
        trace.append({"step": "document", "text": f"the newest definition cannot be used: {why}"})
    if flag is None:
        found = absent(key, default, snapshot.loaded, snapshot.rejected)
        trace.append({"step": "flag", "text": f"there is no flag {key!r} that could be used"})
    else:
        found = settle(flag, context, default)
        _tell(flag, context, snapshot.segments, trace)
        if found.error is not None:
            trace.append({"step": "error", "text": f"{found.error}: {_MEANINGS[found.error]}"})
    return Explanation(key, *found, trace)


_SHOWN_CHARS = 60
_SHOWN_BITS = 200
"""Python writes no integer of more than some 4,000 digits, and nobody would read it."""

_MEANINGS: dict[str, str] = {
    ErrorCode.TYPE_MISMATCH: "the value is of another type than the default",
    ErrorCode.TARGETING_KEY_MISSING: "there is nothing to take a bucket of",
    ErrorCode.INVALID_CONTEXT: "the context is neither text, nor a mapping, nor a Context",
    ErrorCode.GENERAL: "the evaluation failed; the default is served",
}


def _tell(
    flag: CompiledFlag, context: object, segments: Mapping[str, bytes], trace: list[Step]
) -> None:
    document = decode_flag(flag.key, flag.document)
    trace.append({"step": "state", "text": f"the flag is {document.state}"})
    if document.state == "off":
        trace[-1]["text"] += f", so that it serves {_served(document.off_variant)}"
        return
    try:
        # What serves everyone the same is not asked with a context, so any will do.
        attributes = attributes_of(context) if flag.fixed is None else {}
        _Teller(document, attributes, segments, trace).tell(flag)
    except InvalidContext:
        pass  # the result says so
    except Exception as error:  # noqa: BLE001 - a foreign attribute may raise whatever it likes
        trace.append({"step": "error", "text": f"{type(error).__name__} while it was evaluated"})


class _Teller:
    """Tells how one flag comes out for one context."""

    def __init__(
        self,
        flag: Flag,
        attributes: Attributes,
        segments: Mapping[str, bytes],
        trace: list[Step],
    ) -> None:
        self._flag = flag
        self._attributes = attributes
        self._segments = segments
        self._trace = trace

    def tell(self, flag: CompiledFlag) -> None:
        """Add the steps, up to the one that decides."""
        chooser = flag.chooser
        if not isinstance(chooser, Rules):
            self._default(chooser)
        elif self._requirements(chooser) and not self._target(chooser):
            self._rules(chooser)

    def _requirements(self, rules: Rules) -> bool:
        for wanted, requirement in zip(self._flag.requires, rules.requirements, strict=True):
            variant = requirement.chooser.choose(self._attributes).variant
            met = requirement.met(self._attributes)
            text = f"requires {wanted.flag} to be {' or '.join(wanted.variants)}; it is {variant}"
            if not met:
                text += f", so that this flag serves {_served(self._flag.off_variant)}"
            self._trace.append({"step": "requires", "flag": wanted.flag, "met": met, "text": text})
            if not met:
                return False
        return True

    def _target(self, rules: Rules) -> bool:
        if not rules.targets:
            return False
        outcome = rules.target(self._attributes)
        shown = _shown(self._attributes.get(TARGETING_KEY))
        text = f"{shown} is no target"
        if outcome is not None:
            text = f"{shown} is a target: {outcome.variant}"
        self._trace.append({"step": "target", "met": outcome is not None, "text": text})
        return outcome is not None

    def _rules(self, rules: Rules) -> None:
        for document, rule in zip(self._flag.rules, rules.rules, strict=False):
            conditions: list[Step] = []
            matched = True
            if document.when is not None:
                matched = self._condition(document.when, rule.condition, 0, conditions)
            text, decided = "does not match", False
            if matched:
                text, decided = self._serves(rule.serve, "matches")
            self._trace.append(
                {
                    "step": "rule",
                    "rule": rule.name,
                    "matched": decided,
                    "text": f"rule {rule.name} {text}",
                    "conditions": conditions,
                }
            )
            if decided:
                return
        self._default(rules.default)

    def _default(self, serve: Chooser) -> None:
        text, decided = self._serves(serve, "by default")
        if not decided:
            text += f": {_served(self._flag.off_variant)}"
        self._trace.append({"step": "default", "text": text})

    def _serves(self, serve: Chooser, start: str) -> tuple[str, bool]:
        """What is served, and whether anything is: not by a split to a context without a bucket."""
        if isinstance(serve, Split):
            text, decided = self._bucket(serve)
            return f"{start}; {text}", decided
        return f"{start}: {_served(serve.choose(self._attributes).variant)}", True

    def _bucket(self, split: Split) -> tuple[str, bool]:
        value = find_attribute(self._attributes, split.by)
        text = text_of(value)
        if text is None:
            return f"{split.by} {_shown(value)} has no bucket", False
        bucket = split.bucketer.bucket(text)
        lower = 0
        place = split.first
        while bucket >= place.upper:
            lower = place.upper
            place = place.next
        shares = f"{_percent(lower)} to {_percent(place.upper)}"
        found = f"{split.by} {_shown(value)} has bucket {bucket} of {BUCKETS}"
        return f"{found}, in {shares} %: {place.outcome.variant}", True

    def _condition(self, when: When, condition: Condition, depth: int, lines: list[Step]) -> bool:
        holds = condition.holds(self._attributes)
        lines.append({"depth": depth, "holds": holds, "text": self._described(when)})
        if when.segment is not UNSET:
            segment = decode_segment(when.segment, self._segments[when.segment])
            self._condition(segment.when, condition, depth + 1, lines)
        elif when.not_ is not UNSET and isinstance(condition, Not):
            self._condition(when.not_, condition.part, depth + 1, lines)
        elif isinstance(condition, (All, AnyOf)) and when.attribute is UNSET:
            deciding = isinstance(condition, AnyOf)
            for inner, part in zip(_inner(when), condition.parts, strict=True):
                if self._condition(inner, part, depth + 1, lines) == deciding:
                    break  # the evaluation did not ask further either
        return holds

    def _described(self, when: When) -> str:
        if when.attribute is not UNSET:
            found = operator_of(when)
            assert found is not None, "decoding has checked that there is an operator"
            value = find_attribute(self._attributes, when.attribute)
            values = ", ".join(map(_shown, found[1][:5])) + (", …" if len(found[1]) > 5 else "")
            return f"{when.attribute} {found[0].name} {values}; it is {_shown(value)}"
        if when.segment is not UNSET:
            return f"segment {when.segment}"
        if when.bucket is not UNSET:
            return f"bucket of {when.bucket.by} below {when.bucket.below:g} %"
        if when.not_ is not UNSET:
            return "not"
        return "all of" if when.all is not UNSET else "any of"


def _inner(when: When) -> tuple[When, ...]:
    if when.all is not UNSET:
        return when.all
    return () if when.any is UNSET else when.any


def _served(variant: object) -> str:
    return "the caller's default" if variant is None else f"{variant}"


def _shown(value: object) -> str:
    if value is None:
        return "absent"
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return "a very large number"
    if isinstance(value, (str, int, float)):
        text = repr(value)
        return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
    return f"of type {type(value).__name__}"


def _percent(bucket: int) -> str:
    return f"{bucket / (BUCKETS / 100):g}"
