"""Operators: the golden cases, what the documentation says of them, and odd attributes."""

from __future__ import annotations

import datetime as dt
import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.client.flags import vectors
from tests.unit.client.model.documents import OPERANDS

from flaghoist.evaluation.compiler import compile_when
from flaghoist.evaluation.conditions import Condition
from flaghoist.evaluation.operators import OPERATORS
from flaghoist.model import conditions as model
from flaghoist.model.decode import decode_segment

CASES = vectors("operators")["cases"]


def condition_of(when: dict[str, Any]) -> Condition:
    segment = decode_segment("segment", json.dumps({"when": when}).encode())
    return compile_when("segment", segment.when, {})


def test_golden_cases() -> None:
    """Every vector comes out as it was frozen, again when verdicts are remembered."""
    wrong = []
    for case in CASES:
        condition = condition_of(case["when"])
        found = [condition.holds(case["context"]) for _ in range(2)]
        if found != [case["holds"]] * 2:
            wrong.append((case["name"], found))

    assert wrong == []


def test_every_operator_has_golden_cases() -> None:
    """Present, missing, of a wrong type, in a list, at a path: for each of the contract's."""
    of_operators: dict[str, set[bool]] = {}
    for case in CASES:
        for operator in set(case["when"]) & set(OPERATORS):
            of_operators.setdefault(operator, set()).add(case["holds"])

    assert of_operators == {operator: {True, False} for operator in OPERATORS}


def test_the_table_agrees_with_the_model() -> None:
    """What a flag file may say can be compiled, and nothing else can."""
    assert list(OPERATORS) == [operator.name for operator in model.OPERATORS]


class Plan(str, enum.Enum):  # noqa: UP042 - as it was written before StrEnum
    """An enumeration as applications have them."""

    PRO = "pro"

    def __str__(self) -> str:
        return "something else"


class Level(enum.IntEnum):
    """Integers with names."""

    HIGH = 42


UTC = dt.UTC
NOON = dt.datetime(2027, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("operator", "values", "attribute", "holds"),
    [
        ("in", ["pro"], Plan.PRO, True),
        ("starts_with", ["p"], Plan.PRO, True),
        ("in", [42], Level.HIGH, True),
        ("gt", [41], Level.HIGH, True),
        ("in", ["pro"], {"pro"}, True),
        ("in", ["pro"], ("free", "pro"), True),
        ("in", ["pro"], frozenset(), False),
        ("in", ["pro"], b"pro", False),
        ("lt", [10], float("nan"), False),
        ("gte", [10], float("nan"), False),
        ("gt", [10], float("inf"), True),
        ("lt", [10], 10**400, False),
        ("gt", [10], 10**400, True),
        ("in", [1], complex(1), False),
        ("before", ["2027-03-31T12:00:01Z"], NOON, True),
        ("after", ["2027-03-31T12:00:01Z"], NOON, False),
        ("before", ["2027-03-31T12:00:01Z"], NOON.replace(tzinfo=None), False),
        (
            "after",
            ["2027-03-31T09:59:59Z"],
            NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))),
            True,
        ),
        ("before", ["2027-03-31T12:00:01Z"], [NOON], True),
        ("before", ["2027-03-31T12:00:01Z"], NOON.date(), False),
        ("matches", ["^p"], Plan.PRO, True),
        ("semver_gte", ["1.0.0"], "1.0.0" + "0" * 400, False),
        ("in_cidr", ["10.0.0.0/8"], 167772161, False),
        ("exists", [True], float("nan"), True),
    ],
)
def test_attributes_as_python_has_them(
    operator: str, values: list[Any], attribute: object, holds: bool
) -> None:
    """Python has more types than JSON: each has a meaning or none, and never an error."""
    condition = condition_of({"attribute": "a", operator: values})

    assert condition.holds({"a": attribute}) is holds


@given(st.data())
def test_property_an_operator_never_raises_and_its_opposite_is_the_opposite(
    data: st.DataObject,
) -> None:
    """For attributes of any JSON type, whatever the values."""
    operator = data.draw(st.sampled_from(sorted(OPERANDS)))
    values = data.draw(OPERANDS[operator])
    scalars = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(values)
    )
    attribute = data.draw(
        st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(st.text(), scalars))
    )
    condition = condition_of({"attribute": "a", operator: values})

    found = condition.holds({"a": attribute})

    assert isinstance(found, bool)
    opposite = operator.removeprefix("not_") if operator.startswith("not_") else f"not_{operator}"
    if opposite in OPERATORS:
        assert condition_of({"attribute": "a", opposite: values}).holds({"a": attribute}) != found


def test_what_is_remembered_stays_bounded() -> None:
    """Verdicts on texts of visitors take a bounded amount of memory, and stay right."""
    condition = condition_of({"attribute": "a", "semver_gte": ["1.0.500"]})

    verdicts = [condition.holds({"a": f"1.0.{patch}"}) for patch in range(2_000)]

    assert verdicts == [patch >= 500 for patch in range(2_000)]
    assert len(condition.remembered) <= 256  # type: ignore[attr-defined]
