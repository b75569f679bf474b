"""Who gets what, as sentences."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flaghoist.model.flag import Flag, Requirement, Rule, When
from flaghoist_server.console.words.conditions import (
    OPERATORS,
    condition,
    preamble,
    sentences,
    serving,
)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"attribute": "email", "ends_with": ["@a.example"]}, "email ends with @a.example"),
        ({"attribute": "plan", "in": ["pro", "team"]}, "plan is pro or team"),
        ({"attribute": "age", "gte": [18]}, "age is at least 18.0"),
        (
            {"attribute": "app", "semver_gte": ["4.2.0"]},
            "app is version 4.2.0 or later",
        ),
        ({"attribute": "email", "exists": [True]}, "email is given"),
        ({"attribute": "email", "exists": [False]}, "email is not given"),
        (
            {"attribute": "city", "equals": ["bern"], "ignore_case": True},
            "city equals bern (in any case)",
        ),
        ({"segment": "staff"}, "in segment staff"),
        ({"bucket": {"below": 12.5}}, "in the first 12.5 % by targeting key"),
        ({"not": {"segment": "staff"}}, "not (in segment staff)"),
        (
            {"all": [{"segment": "a"}, {"any": [{"segment": "b"}, {"segment": "c"}]}]},
            "in segment a and (in segment b or in segment c)",
        ),
    ],
)
def test_condition(when: dict[str, Any], expected: str) -> None:
    """Every kind of condition has words, and nesting stays unmistakable."""
    assert expected == condition(msgspec.convert(when, When))


def test_every_operator_has_words() -> None:
    """An operator that is added to the model is added here too."""
    attribute_tests = {
        field.encode_name
        for field in msgspec.structs.fields(When)
        if field.name
        not in {"all", "any", "not_", "segment", "bucket", "attribute", "ignore_case", "exists"}
    }

    assert attribute_tests == set(OPERATORS)


def test_sentences_stand_in_the_order_of_evaluation() -> None:
    """Requirements, targets, rules, the default: as they are asked."""
    flag = Flag(
        off_variant="off",
        requires=[Requirement("payments-v2", ["on"])],
        targets={"on": ["user-1", "user-2"]},
        rules=[Rule(serve="on", name="staff", when=When(segment="staff")), Rule(serve="off")],
        default={"on": 5, "off": 95},
    )

    assert [
        ("requires", "payments-v2 must give on", "else off"),
        ("targets", "2 targeting keys: user-1 and user-2", "on"),
        ("staff", "in segment staff", "on"),
        ("rule 2", "everyone", "off"),
        ("default", "everyone else", "on for 5 %, off for 95 %"),
    ] == sentences(flag)


def test_preamble_names_what_the_state_leaves_out() -> None:
    """Bucketing, requirements and earlier rules are said beside the state."""
    flag = Flag(rules=[Rule(serve="on")], default={"on": 5, "off": 95}, bucket_by="company")

    assert "bucketed by company · 1 rule before the default" == preamble(flag)
    assert "" == preamble(Flag(default="on"))


def test_serving_nothing_is_the_callers_default() -> None:
    """No default and no off variant leave it to the caller."""
    assert "the caller's default" == serving(None, None)
