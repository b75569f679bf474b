"""Whether a flag means something: what can be told from the flag itself.

Decoding has checked the shapes. Here: names, limits, values of the flag's type, variants that
exist, percentages that add up, conditions that can be compiled. What needs the other flags and
segments of the environment is checked by `check_environment` (`references`).

Every check adds to a list of problems, so that one look at a file finds them all. The checks are
run for each flag of each snapshot that an SDK receives: what a flag does not use costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flaghoist.model.conditions import check_hash, check_when
from flaghoist.model.digest import BOOLEAN_VARIANTS
from flaghoist.model.limits import (
    MAX_LIST_ITEMS,
    MAX_NAME_CHARS,
    MAX_RULES,
    MAX_VALUE_DEPTH,
    MAX_VARIANTS,
)
from flaghoist.model.moments import is_date
from flaghoist.model.names import KEY_FORM, is_key, is_label
from flaghoist.model.numbers import is_finite
from flaghoist.model.problem import Path, Problem, shown
from flaghoist.model.references import check_environment
from flaghoist.model.shares import check_serve, check_variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flaghoist.model.flag import Flag, Rule, Segment

__all__ = ["Problem", "check_environment", "check_flag", "check_segment", "effective_variants"]


def effective_variants(flag: Flag) -> Mapping[str, Any]:
    """The flag's variants; `on` and `off` for a boolean flag that names none."""
    if not flag.variants and flag.type == "boolean":
        return BOOLEAN_VARIANTS
    return flag.variants


def check_flag(key: str, flag: Flag) -> list[Problem]:
    """Everything that is wrong with a flag by itself; paths are those of its document."""
    problems: list[Problem] = []
    variants = effective_variants(flag)
    if not is_key(key):
        problems.append(Problem((), f"{shown(key)} is no flag key", KEY_FORM, at_key=True))
    if flag.variants or flag.type != "boolean":
        _check_variants(flag, problems)
    if flag.expires is not None and not is_date(flag.expires):
        problems.append(Problem(("expires",), f"{shown(flag.expires)} is no day", "YYYY-MM-DD"))
    if flag.off_variant is not None:
        check_variant(flag.off_variant, variants, ("off_variant",), problems)
    if flag.requires:
        _check_requires(flag, problems)
    if flag.targets:
        _check_targets(flag, variants, problems)
    if flag.rules:
        _check_rules(flag, variants, problems)
    if flag.default is not None:
        check_serve(flag.default, variants, ("default",), problems)
    if not flag.bucket_by:
        problems.append(Problem(("bucket_by",), "bucket_by is empty", "the name of an attribute"))
    check_hash(flag.hash, ("hash",), problems)
    return problems


def check_segment(name: str, segment: Segment) -> list[Problem]:
    """Everything that is wrong with a segment by itself; paths are those of its document."""
    problems: list[Problem] = []
    if not is_key(name):
        problems.append(Problem((), f"{shown(name)} is no segment name", KEY_FORM, at_key=True))
    check_when(segment.when, ("when",), problems)
    return problems


def _check_variants(flag: Flag, problems: list[Problem]) -> None:
    if not 0 < len(flag.variants) <= MAX_VARIANTS:
        found = f"{len(flag.variants)} variants in a flag of type {flag.type}"
        problems.append(Problem(("variants",), found, f"1 to {MAX_VARIANTS}"))
    for name, value in flag.variants.items():
        path = ("variants", name)
        if not is_label(name):
            expected = f"1 to {MAX_NAME_CHARS} printable characters"
            found = f"{shown(name)} is no variant name"
            problems.append(Problem(path, found, expected, at_key=True))
        if expected := _value_problem(flag.type, value):
            problems.append(
                Problem(path, f"{shown(value)} in a flag of type {flag.type}", expected)
            )


def _value_problem(flag_type: str, value: Any) -> str:
    """What a value of this type must be, if this one is not."""
    if flag_type == "boolean":
        return "" if isinstance(value, bool) else "true or false"
    if flag_type == "string":
        return "" if isinstance(value, str) else "text (put it in quotes)"
    if flag_type == "number":
        return "" if _is_number(value) else "a finite number of at most 64 bits"
    if not isinstance(value, dict | list):
        return "an object or a list"
    if _is_json(value, MAX_VALUE_DEPTH):
        return ""
    return f"JSON of at most {MAX_VALUE_DEPTH} levels, each number finite and of at most 64 bits"


def _is_number(value: Any) -> bool:
    # A bool is an int in Python, and no number in a flag.
    return isinstance(value, int | float) and not isinstance(value, bool) and is_finite(value)


def _is_json(value: Any, depth: int) -> bool:
    if value is None or isinstance(value, str | bool):
        return True
    if isinstance(value, int | float):
        return is_finite(value)
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(_is_json(inner, depth - 1) for inner in value.values())
    return isinstance(value, list) and all(_is_json(inner, depth - 1) for inner in value)


def _check_requires(flag: Flag, problems: list[Problem]) -> None:
    if len(flag.requires) > MAX_RULES:
        found = f"{len(flag.requires)} required flags"
        problems.append(Problem(("requires",), found, f"at most {MAX_RULES}"))
    for index, requirement in enumerate(flag.requires):
        if not requirement.variants:
            path = ("requires", index, "variants")
            found = f"no variant of {shown(requirement.flag)} would do"
            problems.append(Problem(path, found, "one variant or several"))


def _check_targets(flag: Flag, variants: Mapping[str, Any], problems: list[Problem]) -> None:
    count = sum(map(len, flag.targets.values()))
    if count > MAX_LIST_ITEMS:
        problems.append(Problem(("targets",), f"{count} targets", f"at most {MAX_LIST_ITEMS}"))
    for name in flag.targets:
        check_variant(name, variants, ("targets", name), problems, at_key=True)
    if len(flag.targets) > 1:
        _check_targets_differ(flag, problems)


def _check_targets_differ(flag: Flag, problems: list[Problem]) -> None:
    served: dict[str, str] = {}
    for name, values in flag.targets.items():
        for index, value in enumerate(values):
            if served.setdefault(value, name) != name:
                path = ("targets", name, index)
                found = f"{shown(value)} is a target of {served[value]!r} and of {name!r}"
                problems.append(Problem(path, found, "one variant for each target"))


def _check_rules(flag: Flag, variants: Mapping[str, Any], problems: list[Problem]) -> None:
    if len(flag.rules) > MAX_RULES:
        problems.append(Problem(("rules",), f"{len(flag.rules)} rules", f"at most {MAX_RULES}"))
    for index, rule in enumerate(flag.rules):
        path: Path = ("rules", index)
        check_serve(rule.serve, variants, (*path, "serve"), problems)
        if rule.when is not None:
            check_when(rule.when, (*path, "when"), problems)
        _check_split(rule, path, problems)


def _check_split(rule: Rule, path: Path, problems: list[Problem]) -> None:
    if rule.bucket_by == "":
        problems.append(
            Problem((*path, "bucket_by"), "bucket_by is empty", "the name of an attribute")
        )
    check_hash(rule.hash, (*path, "hash"), problems)
