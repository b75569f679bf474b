"""What a condition must be: one test, one operator, values that it can use."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from tests.unit.client.model.documents import EXAMPLES, whens

from flaghoist.model.conditions import OPERATORS, check_hash, check_when, operator_of
from flaghoist.model.flag import When
from flaghoist.model.limits import MAX_CONDITION_DEPTH
from flaghoist.model.problem import Problem

PERCENT = "expected 0 to 100 with at most 3 decimals"
TESTS = "expected exactly one of all, any, not, segment, bucket, attribute"
NAMES = ", ".join(operator.name for operator in OPERATORS)


def problems_of(condition: dict[str, Any]) -> list[str]:
    problems: list[Problem] = []
    check_when(msgspec.convert(condition, When), ("when",), problems)
    return [str(problem) for problem in problems]


def test_every_operator_of_the_contract_is_there() -> None:
    """The table has the contract's operators, each with a field of its own in `When`."""
    contract = (
        "in not_in equals not_equals starts_with ends_with contains matches lt lte gt gte"
        " semver_eq semver_lt semver_lte semver_gt semver_gte before after exists in_cidr"
    )

    assert contract.split() == [operator.name for operator in OPERATORS]
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(When)}
    assert [fields[operator.field] for operator in OPERATORS] == contract.split()


def test_text_operators_ignore_case() -> None:
    """`ignore_case` belongs to the operators that compare text."""
    texts = [operator.name for operator in OPERATORS if operator.text]

    assert texts == [
        "in",
        "not_in",
        "equals",
        "not_equals",
        "starts_with",
        "ends_with",
        "contains",
        "matches",
    ]


@given(condition=whens(["staff"]))
@settings(max_examples=EXAMPLES, deadline=None)
def test_good_conditions(condition: dict[str, Any]) -> None:
    """A condition of any kind with values that fit has no problem."""
    assert [] == problems_of(condition)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, f"when: the condition tests nothing; {TESTS}"),
        (
            {"segment": "a", "all": [{"segment": "b"}]},
            f"when: the condition tests all and segment; {TESTS}",
        ),
        (
            {"attribute": "a"},
            f"when: the test of 'a' has no operator; expected one of {NAMES}",
        ),
        (
            {"attribute": "a", "in": ["x"], "lt": [1]},
            f"when: the test of 'a' has in and lt; expected one of {NAMES}",
        ),
        (
            {"segment": "a", "in": ["x"]},
            "when.in: in has no attribute to test; expected attribute: NAME beside it",
        ),
        (
            {"segment": "a", "ignore_case": True},
            "when.ignore_case: ignore_case without an attribute to test;"
            " expected it beside a text operator",
        ),
        (
            {"attribute": "a", "lt": [1], "ignore_case": True},
            "when.ignore_case: lt compares no text; expected no ignore_case here",
        ),
        ({"all": []}, "when.all: all has 0 conditions; expected 1 to 10000"),
        ({"any": []}, "when.any: any has 0 conditions; expected 1 to 10000"),
        (
            {"attribute": "", "in": ["x"]},
            "when.attribute: '' names no attribute; expected 1 to 256 characters",
        ),
        ({"attribute": "a", "in": []}, "when.in: in has 0 values; expected 1 to 10000"),
        (
            {"attribute": "a", "exists": [True, False]},
            "when.exists: exists has 2 values; expected [true] or [false]",
        ),
        (
            {"attribute": "a", "in": ["x", None]},
            "when.in[1]: nothing cannot be compared; expected text, a number, true or false",
        ),
        (
            {"attribute": "a", "equals": [["x"]]},
            "when.equals[0]: a list cannot be compared; expected text, a number, true or false",
        ),
        (
            {"attribute": "a", "gt": [float("inf")]},
            "when.gt[0]: inf cannot be compared; expected a finite number",
        ),
        (
            {"attribute": "a", "semver_gte": ["4.2"]},
            "when.semver_gte[0]: '4.2' is no semantic version;"
            " expected a semantic version such as 4.2.0 or 4.2.0-rc.1",
        ),
        (
            {"attribute": "a", "before": ["2027-03-31"]},
            "when.before[0]: '2027-03-31' is no RFC 3339 date-time;"
            " expected a date-time such as 2027-03-31T12:00:00Z",
        ),
        (
            {"attribute": "a", "in_cidr": ["10.0.0.0/33"]},
            "when.in_cidr[0]: '10.0.0.0/33' is no network;"
            " expected a network such as 10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            {"attribute": "a", "matches": ["a("]},
            "when.matches[0]: 'a(' is no RE2 pattern: missing ): a(; expected an RE2 pattern",
        ),
        (
            {"attribute": "a", "matches": ["a("], "ignore_case": True},
            "when.matches[0]: 'a(' is no RE2 pattern: missing ): a(; expected an RE2 pattern",
        ),
        ({"bucket": {"below": 101}}, f"when.bucket.below: 101.0 is no percentage; {PERCENT}"),
        (
            {"bucket": {"below": 5, "by": ""}},
            "when.bucket.by: '' names no attribute; expected 1 to 256 characters",
        ),
        (
            {"not": {"bucket": {"below": 5, "hash": "mumur3"}}},
            "when.not.bucket.hash: no hash 'mumur3'; expected murmur3 (nearest: murmur3)",
        ),
        (
            {"any": [{"segment": "a"}, {"all": [{}]}]},
            f"when.any[1].all[0]: the condition tests nothing; {TESTS}",
        ),
    ],
)
def test_bad_condition(condition: dict[str, Any], expected: str) -> None:
    """One mistake gives one problem, at its place."""
    assert [expected] == problems_of(condition)


def test_depth() -> None:
    """A condition may be as deep as compiled code may recurse, and no deeper."""
    condition: dict[str, Any] = {"segment": "a"}
    for _ in range(MAX_CONDITION_DEPTH - 1):
        condition = {"not": condition}

    assert [] == problems_of(condition)
    path = "when" + ".not" * MAX_CONDITION_DEPTH
    assert problems_of({"not": condition}) == [
        f"{path}: the condition is nested too deep; expected at most {MAX_CONDITION_DEPTH} levels"
    ]


def test_operator_of() -> None:
    """The operator of a test and its values, or none."""
    found = operator_of(msgspec.convert({"attribute": "a", "semver_lt": ["1.0.0"]}, When))

    assert found is not None
    assert (found[0].name, found[1]) == ("semver_lt", ["1.0.0"])
    assert operator_of(msgspec.convert({"segment": "a"}, When)) is None


@pytest.mark.parametrize("name", [None, "murmur3"])
def test_known_hash(name: str | None) -> None:
    """Ours is `murmur3`, named or not."""
    problems: list[Problem] = []

    check_hash(name, ("hash",), problems)

    assert problems == []
