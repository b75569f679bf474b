"""What a `when` must be to mean something: one test, known operators, values that they can use.

The table `OPERATORS` is the list of all operators: the field of `When` that holds each, what its
values must be, and whether it compares text, so that `ignore_case` has a meaning.
"""

from __future__ import annotations

import ipaddress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET

from flaghoist.errors import PatternError
from flaghoist.model.limits import MAX_ATTRIBUTE_CHARS, MAX_CONDITION_DEPTH, MAX_LIST_ITEMS
from flaghoist.model.moments import parse_moment
from flaghoist.model.names import one_of
from flaghoist.model.numbers import is_finite
from flaghoist.model.patterns import compile_pattern
from flaghoist.model.problem import Path, Problem, shown
from flaghoist.model.semver import parse_semver
from flaghoist.model.shares import PERCENT, thousandths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flaghoist.model.flag import BucketCondition, When

__all__ = ["HASHES", "OPERATORS", "Operator", "check_hash", "check_when", "operator_of"]

HASHES = ("murmur3",)
"""The names that `hash` may have. Importers of other vendors' flags add theirs."""


class Operator(NamedTuple):
    """One operator of an attribute test."""

    name: str
    field: str
    check: Callable[[Any], str]
    """What is wrong with one value, or an empty text."""
    expected: str
    text: bool = False


def _anything(_value: object) -> str:
    return ""


def _scalar(value: object) -> str:
    if isinstance(value, str) or (isinstance(value, int | float) and is_finite(value)):
        return ""
    return f"{shown(value)} cannot be compared"


def _finite(value: float) -> str:
    return "" if is_finite(value) else f"{shown(value)} cannot be compared"


def _pattern(value: str, ignore_case: bool = False) -> str:
    try:
        compile_pattern(value, ignore_case)
    except PatternError as error:
        return str(error)
    return ""


def _folded_pattern(value: str) -> str:
    return _pattern(value, ignore_case=True)


def _semver(value: str) -> str:
    return "" if parse_semver(value) else f"{shown(value)} is no semantic version"


def _moment(value: str) -> str:
    return "" if parse_moment(value) is not None else f"{shown(value)} is no RFC 3339 date-time"


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f"{shown(value)} is no network"
    return ""


_SCALARS = "text, a number, true or false"
_VERSIONS = "a semantic version such as 4.2.0 or 4.2.0-rc.1"
_MOMENTS = "a date-time such as 2027-03-31T12:00:00Z"
_FINITE = "a finite number"

OPERATORS: tuple[Operator, ...] = (
    Operator("in", "in_", _scalar, _SCALARS, text=True),
    Operator("not_in", "not_in", _scalar, _SCALARS, text=True),
    Operator("equals", "equals", _scalar, _SCALARS, text=True),
    Operator("not_equals", "not_equals", _scalar, _SCALARS, text=True),
    Operator("starts_with", "starts_with", _anything, "text", text=True),
    Operator("ends_with", "ends_with", _anything, "text", text=True),
    Operator("contains", "contains", _anything, "text", text=True),
    Operator("matches", "matches", _pattern, "an RE2 pattern", text=True),
    Operator("lt", "lt", _finite, _FINITE),
    Operator("lte", "lte", _finite, _FINITE),
    Operator("gt", "gt", _finite, _FINITE),
    Operator("gte", "gte", _finite, _FINITE),
    Operator("semver_eq", "semver_eq", _semver, _VERSIONS),
    Operator("semver_lt", "semver_lt", _semver, _VERSIONS),
    Operator("semver_lte", "semver_lte", _semver, _VERSIONS),
    Operator("semver_gt", "semver_gt", _semver, _VERSIONS),
    Operator("semver_gte", "semver_gte", _semver, _VERSIONS),
    Operator("before", "before", _moment, _MOMENTS),
    Operator("after", "after", _moment, _MOMENTS),
    Operator("exists", "exists", _anything, "[true] or [false]"),
    Operator("in_cidr", "in_cidr", _network, "a network such as 10.0.0.0/8 or 2001:db8::/32"),
)

_OPERATOR_NAMES = tuple(operator.name for operator in OPERATORS)
_TESTS = ("all", "any", "not", "segment", "bucket", "attribute")

_operands = attrgetter(*(operator.field for operator in OPERATORS))
_tests = attrgetter("all", "any", "not_", "segment", "bucket", "attribute")


def operator_of(when: When) -> tuple[Operator, list[Any]] | None:
    """The operator of an attribute test and its values; `None` if it has none."""
    return _first(_operands(when))


def check_when(when: When, path: Path, problems: list[Problem], depth: int = 1) -> None:
    """Add to `problems` what is wrong with a condition, all that it contains included."""
    if depth > MAX_CONDITION_DEPTH:
        expected = f"at most {MAX_CONDITION_DEPTH} levels"
        problems.append(Problem(path, "the condition is nested too deep", expected))
        return
    operands = _operands(when)
    _check_form(when, operands, path, problems)
    if when.attribute is not UNSET:
        _check_attribute(when.attribute, (*path, "attribute"), problems)
        if found := _first(operands):
            _check_operands(*found, when.ignore_case, path, problems)
        return
    if when.ignore_case:
        text = "ignore_case without an attribute to test"
        problems.append(Problem((*path, "ignore_case"), text, "it beside a text operator"))
    if when.all is not UNSET:
        _check_several(when.all, (*path, "all"), problems, depth)
    if when.any is not UNSET:
        _check_several(when.any, (*path, "any"), problems, depth)
    if when.not_ is not UNSET:
        check_when(when.not_, (*path, "not"), problems, depth + 1)
    if when.bucket is not UNSET:
        _check_bucket(when.bucket, (*path, "bucket"), problems)


def check_hash(name: str | None, path: Path, problems: list[Problem]) -> None:
    """Add a problem if there is no bucketing of this name."""
    if name is not None and name not in HASHES:
        problems.append(Problem(path, f"no hash {shown(name)}", one_of(HASHES, name, "hash")))


def _first(operands: tuple[Any, ...]) -> tuple[Operator, list[Any]] | None:
    for operator, values in zip(OPERATORS, operands, strict=True):
        if values is not UNSET:
            return operator, values
    return None


def _check_form(when: When, operands: tuple[Any, ...], path: Path, problems: list[Problem]) -> None:
    """One test, and of an attribute one operator: told by counting the fields that are unset."""
    tests = _tests(when)
    wanted = len(operands) - (when.attribute is not UNSET)
    if tests.count(UNSET) == len(tests) - 1 and operands.count(UNSET) == wanted:
        return
    found = _names(_TESTS, tests)
    if len(found) != 1:
        text = f"the condition tests {' and '.join(found) or 'nothing'}"
        problems.append(Problem(path, text, f"exactly one of {', '.join(_TESTS)}"))
    names = _names(_OPERATOR_NAMES, operands)
    if when.attribute is not UNSET and len(names) != 1:
        text = f"the test of {shown(when.attribute)} has {' and '.join(names) or 'no operator'}"
        problems.append(Problem(path, text, f"one of {', '.join(_OPERATOR_NAMES)}"))
    elif when.attribute is UNSET and names:
        text = f"{names[0]} has no attribute to test"
        problems.append(Problem((*path, names[0]), text, "attribute: NAME beside it"))


def _names(names: Sequence[str], fields: Sequence[object]) -> list[str]:
    return [name for name, field in zip(names, fields, strict=True) if field is not UNSET]


def _check_several(inner: Sequence[When], path: Path, problems: list[Problem], depth: int) -> None:
    if not 0 < len(inner) <= MAX_LIST_ITEMS:
        found = f"{path[-1]} has {len(inner)} conditions"
        problems.append(Problem(path, found, f"1 to {MAX_LIST_ITEMS}"))
    for index, item in enumerate(inner):
        check_when(item, (*path, index), problems, depth + 1)


def _check_bucket(bucket: BucketCondition, path: Path, problems: list[Problem]) -> None:
    if thousandths(bucket.below) is None:
        problems.append(Problem((*path, "below"), f"{bucket.below} is no percentage", PERCENT))
    _check_attribute(bucket.by, (*path, "by"), problems)
    check_hash(bucket.hash, (*path, "hash"), problems)


def _check_operands(
    operator: Operator, values: list[Any], ignore_case: bool, path: Path, problems: list[Problem]
) -> None:
    if ignore_case and not operator.text:
        text = f"{operator.name} compares no text"
        problems.append(Problem((*path, "ignore_case"), text, "no ignore_case here"))
    most = 1 if operator.name == "exists" else MAX_LIST_ITEMS
    if not 0 < len(values) <= most:
        text = f"{operator.name} has {len(values)} values"
        expected = operator.expected if most == 1 else f"1 to {most}"
        problems.append(Problem((*path, operator.name), text, expected))
    check = _folded_pattern if ignore_case and operator.check is _pattern else operator.check
    for index, value in enumerate(values):
        if wrong := check(value):
            problems.append(Problem((*path, operator.name, index), wrong, operator.expected))


def _check_attribute(name: str, path: Path, problems: list[Problem]) -> None:
    if not 0 < len(name) <= MAX_ATTRIBUTE_CHARS:
        found = f"{shown(name)} names no attribute"
        problems.append(Problem(path, found, f"1 to {MAX_ATTRIBUTE_CHARS} characters"))
