"""docs/operators.md says of every operator what the vectors and the evaluator say."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.flags import lookup_of

from flaghoist.evaluation.bucketing import Bucketer, text_of
from flaghoist.model.conditions import OPERATORS

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "operators.md").read_text()
CASES = json.loads((HERE / "operators.json").read_text())["cases"]
KINDS = ("text", "number", "boolean", "object", "list", "missing")
VERDICTS = {(True,): "yes", (False,): "no", (False, True): "compared"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def literals(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]*)`", cell)


EXAMPLES = [
    (operator, json.loads(literals(values)[0]), json.loads(value), holds)
    for operators, _, values, yes, no in rows("What each compares")
    for operator in literals(operators)
    for holds, cell in ((True, yes), (False, no))
    for value in literals(cell)
]


@pytest.mark.parametrize(("operator", "values", "value", "holds"), EXAMPLES)
def test_an_example_comes_out_as_the_page_says(
    operator: str, values: list[Any], value: Any, holds: bool
) -> None:
    """Each of them, through a flag with this one rule."""
    rule = {"when": {"attribute": "a", operator: values}, "serve": "on"}
    flag = {"type": "boolean", "rules": [rule], "default": "off"}

    assert lookup_of({"f": flag}).is_enabled("f", {"a": value}) is holds


def test_every_operator_is_on_the_page_with_an_example() -> None:
    """And no other."""
    known = {operator.name for operator in OPERATORS}

    assert known == {operator for operator, *_ in EXAMPLES}
    assert known == {literals(row[0])[0].partition(":")[0] for row in rows(TYPES)}


TYPES = "What each does with an attribute of another type, or with none"


def kind_of(value: object) -> str:
    """The kind of an attribute's value."""
    kinds = {type(None): "missing", bool: "boolean", str: "text", list: "list", dict: "object"}
    return kinds.get(type(value), "number")


def test_types_are_as_the_vectors_have_them() -> None:
    """Whether values of a kind ever match, and whether they ever do not."""
    found: dict[str, dict[str, set[bool]]] = defaultdict(lambda: defaultdict(set))
    for case in CASES:
        when = dict(case["when"])
        if when.pop("attribute", "") == "a" and len(when) == 1:
            [(operator, values)] = when.items()
            name = f"exists: {json.dumps(values)}" if operator == "exists" else operator
            found[f"`{name}`"][kind_of(case["context"].get("a"))].add(case["holds"])

    table = {row[0]: row[1:] for row in rows(TYPES)}

    assert table == {
        name: [VERDICTS[tuple(sorted(kinds[kind]))] for kind in KINDS]
        for name, kinds in found.items()
    }


def test_the_buckets_are_these() -> None:
    """Of the page's examples, that is of the contract's."""
    examples = rows("Buckets")

    assert len(examples) == 4
    for salt, value, bucket in examples:
        text = text_of(json.loads(literals(value)[0]))
        assert text is not None
        assert Bucketer(literals(salt)[0]).bucket(text) == int(bucket)


def test_the_number_of_cases_is_true() -> None:
    """The page counts them."""
    assert f"as {len(CASES)} cases" in PAGE
