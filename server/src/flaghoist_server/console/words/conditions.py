"""Who gets what: targets, rules, conditions and the default, as sentences.

The table `OPERATORS` gives each operator its words; an operator without an entry is written by its
own name, so that a newer flag is still readable.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, structs

from flaghoist.model.flag import BucketCondition, Flag, Rule, Serve, When
from flaghoist_server.console.words.quantities import listing, percent, plural

__all__ = ["OPERATORS", "condition", "preamble", "sentences", "serving"]

OPERATORS = {
    "in": "is {}",
    "not_in": "is not {}",
    "equals": "equals {}",
    "not_equals": "does not equal {}",
    "starts_with": "starts with {}",
    "ends_with": "ends with {}",
    "contains": "contains {}",
    "matches": "matches the pattern {}",
    "lt": "is less than {}",
    "lte": "is at most {}",
    "gt": "is more than {}",
    "gte": "is at least {}",
    "semver_eq": "is version {}",
    "semver_lt": "is a version before {}",
    "semver_lte": "is version {} or before",
    "semver_gt": "is a version after {}",
    "semver_gte": "is version {} or later",
    "before": "is before {}",
    "after": "is after {}",
    "in_cidr": "is an address in {}",
}
_NOT_OPERATORS = {"attribute", "ignore_case", "all", "any", "not_", "segment", "bucket"}


def serving(serve: Serve | None, off_variant: str | None) -> str:
    """What is served: one variant, or shares in the order written."""
    if serve is None:
        return off_variant or "the caller's default"
    if isinstance(serve, str):
        return serve
    return ", ".join(f"{name} for {percent(share)}" for name, share in serve.items())


def sentences(flag: Flag) -> list[tuple[str, str, str]]:
    """The flag's decisions in the order in which they are asked: (name, who, what they get)."""
    lines = [
        ("requires", _requirement(needed.flag, needed.variants), f"else {_off(flag)}")
        for needed in flag.requires
    ]
    lines += [
        ("targets", plural(len(keys), "targeting key") + ": " + listing(keys, "and", 3), variant)
        for variant, keys in flag.targets.items()
    ]
    lines += [
        (rule.name or f"rule {place}", _who(rule), serving(rule.serve, flag.off_variant))
        for place, rule in enumerate(flag.rules, start=1)
    ]
    lines.append(("default", "everyone else", serving(flag.default, flag.off_variant)))
    return lines


def preamble(flag: Flag) -> str:
    """What stands between the state in big letters and the truth: bucketing and earlier rules."""
    parts = []
    if isinstance(flag.default, dict):
        parts.append(f"bucketed by {flag.bucket_by.replace('_', ' ')}")
    if flag.requires:
        parts.append(f"needs {listing([needed.flag for needed in flag.requires], 'and', 2)}")
    if flag.targets:
        named = sum(len(keys) for keys in flag.targets.values())
        parts.append(f"{plural(named, 'targeting key')} by name")
    if flag.rules:
        parts.append(f"{plural(len(flag.rules), 'rule')} before the default")
    return " · ".join(parts)


def condition(when: When | None) -> str:
    """A condition in words; None holds for everyone."""
    if when is None:
        return "everyone"
    if when.all is not UNSET:
        return _joined(when.all, "and")
    if when.any is not UNSET:
        return _joined(when.any, "or")
    if when.not_ is not UNSET:
        return f"not ({condition(when.not_)})"
    if when.segment is not UNSET:
        return f"in segment {when.segment}"
    if when.bucket is not UNSET:
        return _bucket(when.bucket)
    return _attribute(when)


def _who(rule: Rule) -> str:
    return condition(rule.when)


def _off(flag: Flag) -> str:
    return serving(None, flag.off_variant)


def _requirement(key: str, variants: list[str]) -> str:
    return f"{key} must give {listing(variants)}"


def _joined(parts: tuple[When, ...], conjunction: str) -> str:
    words = [condition(part) for part in parts]
    grouped = [
        f"({text})" if _combines(part) else text for part, text in zip(parts, words, strict=True)
    ]
    return f" {conjunction} ".join(grouped)


def _combines(when: When) -> bool:
    return when.all is not UNSET or when.any is not UNSET


def _bucket(bucket: BucketCondition) -> str:
    by = bucket.by.replace("_", " ")
    return f"in the first {percent(bucket.below)} by {by}"


def _attribute(when: When) -> str:
    for name, value in structs.asdict(when).items():
        if name in _NOT_OPERATORS or value is UNSET:
            continue
        return f"{when.attribute} {_test(name.rstrip('_'), value)}{_case(when)}"
    return f"{when.attribute}"


def _test(operator: str, values: list[Any]) -> str:
    if operator == "exists":
        return "is given" if values == [True] else "is not given"
    written = listing([str(value) for value in values])
    return OPERATORS.get(operator, operator.replace("_", " ") + " {}").format(written)


def _case(when: When) -> str:
    return " (in any case)" if when.ignore_case else ""
