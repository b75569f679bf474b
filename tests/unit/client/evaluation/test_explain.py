"""Explanations: the same result, step by step."""

from __future__ import annotations

import datetime as dt
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.client.evaluation.worlds import FLAGS, context, world
from tests.unit.client.flags import OFF, ON, Document, lookup_of, snapshot_of, vectors

from flaghoist.evaluation.explain import Explanation, explain
from flaghoist.evaluation.result import Evaluation

CASES = vectors("evaluation")["cases"]
STAFF: Document = {"when": {"attribute": "email", "ends_with": ["@example.com"]}}
CHECKOUT: Document = {
    "off_variant": "off",
    "requires": [{"flag": "payments-v2", "variants": ["on"]}],
    "targets": {"on": ["user-1", "user-2"]},
    "rules": [
        {"name": "staff", "when": {"segment": "staff"}, "serve": "on"},
        {
            "name": "pro",
            "when": {
                "all": [
                    {"attribute": "plan", "in": ["pro", "enterprise"]},
                    {"attribute": "app_version", "semver_gte": ["4.2.0"]},
                ]
            },
            "serve": {"on": 10, "off": 90},
        },
    ],
    "default": {"on": 50, "off": 50},
    "salt": "new-checkout",
}


def checkout(context: object, **more: Any) -> Explanation:
    flags = {"new-checkout": {**CHECKOUT, **more}, "payments-v2": ON, "legacy": OFF}
    return explain(snapshot_of(flags, {"staff": STAFF}), "new-checkout", context)


def texts(found: Explanation) -> list[str]:
    return [step["text"] for step in found.trace]


def test_each_step_is_told_up_to_the_one_that_decides() -> None:
    """With the values that were compared."""
    found = checkout({"targeting_key": "user-42", "plan": "pro", "app_version": "4.1.0"})

    assert (found.value, found.reason) == (True, "SPLIT")
    assert texts(found) == [
        "the flag is on",
        "requires payments-v2 to be on; it is on",
        "'user-42' is no target",
        "rule staff does not match",
        "rule pro does not match",
        "by default; targeting_key 'user-42' has bucket 44470 of 100000, in 0 to 50 %: on",
    ]
    assert [step["text"] for step in found.trace[4]["conditions"]] == [
        "all of",
        "plan in 'pro', 'enterprise'; it is 'pro'",
        "app_version semver_gte '4.2.0'; it is '4.1.0'",
    ]
    assert [step["holds"] for step in found.trace[4]["conditions"]] == [False, True, False]
    assert [step["depth"] for step in found.trace[4]["conditions"]] == [0, 1, 1]


@pytest.mark.parametrize(
    ("context", "more", "last"),
    [
        ("user-1", {}, "'user-1' is a target: on"),
        ({"email": "a@example.com"}, {}, "rule staff matches: on"),
        (
            {"targeting_key": "user-42", "plan": "pro", "app_version": "4.2.0"},
            {},
            "rule pro matches; targeting_key 'user-42' has bucket 44470 of 100000, in 10 to 100 %: off",
        ),
        ({}, {}, "TARGETING_KEY_MISSING: there is nothing to take a bucket of"),
        ("user-42", {"state": "off"}, "the flag is off, so that it serves off"),
        (
            "user-42",
            {"requires": [{"flag": "legacy", "variants": ["on"]}]},
            "requires legacy to be on; it is off, so that this flag serves off",
        ),
        (
            "user-42",
            {"state": "off", "off_variant": None},
            "the flag is off, so that it serves the caller's default",
        ),
    ],
)
def test_the_step_that_decides_is_the_last(context: Any, more: Document, last: str) -> None:
    """What comes after it was not asked."""
    assert texts(checkout(context, **more))[-1] == last


def test_a_flag_that_is_not_there_says_so() -> None:
    """And what the caller gets."""
    found = explain(snapshot_of({}), "f", None, "default")

    assert found.value == "default"
    assert found.error == "FLAG_NOT_FOUND"
    assert texts(found) == ["there is no flag 'f' that could be used"]


def test_a_definition_that_was_set_aside_is_told_first() -> None:
    """What follows is the last good one."""
    before = snapshot_of({"f": ON})
    snapshot = before.changed(2, {"f": (2, b'{"type":"colour"}')}, {})

    found = explain(snapshot, "f")

    assert (found.value, found.version) == (True, 1)
    assert texts(found)[0].startswith("the newest definition cannot be used: 'f': ")


class Late(dt.datetime):
    """A moment that does not compare."""

    def __sub__(self, other: object) -> Any:
        raise RuntimeError("secret")


def test_an_attribute_that_raises_is_told_without_what_it_says() -> None:
    """The evaluation failed; the explanation does not."""
    when = {"attribute": "a", "before": ["2027-03-31T12:00:00Z"]}
    flag: Document = {**ON, "rules": [{"when": when, "serve": "off"}]}

    found = explain(snapshot_of({"f": flag}), "f", {"a": Late(2027, 1, 1, tzinfo=dt.UTC)})

    assert found.error == "GENERAL"
    assert texts(found)[-2:] == [
        "RuntimeError while it was evaluated",
        "GENERAL: the evaluation failed; the default is served",
    ]


def test_long_values_are_cut() -> None:
    """A trace is read by people."""
    flag: Document = {
        **ON,
        "rules": [
            {"when": {"attribute": "a", "in": ["x" * 1_000, *map(str, range(9))]}, "serve": "off"}
        ],
    }

    found = explain(snapshot_of({"f": flag}), "f", {"a": "y" * 1_000})

    assert len(found.trace[1]["conditions"][0]["text"]) < 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_evaluations_are_explained_alike(case: dict[str, Any]) -> None:
    """The explanation has the evaluation's fields, and can be sent as JSON."""
    lookup = lookup_of(case["flags"], case["segments"])
    evaluation = lookup.evaluate("f", case["context"], case["default"])

    found = explain(lookup.snapshot, "f", case["context"], case["default"])

    assert Evaluation(*found[1:7]) == evaluation
    assert json.loads(json.dumps(found.trace)) == found.trace
    assert all(step["step"] and step["text"] for step in found.trace)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_property_the_steps_and_the_result_never_differ(seed: int) -> None:
    """What is explained is what the lookup says, and the last step is the one that decided."""
    rng = Random(seed)
    lookup = lookup_of(*world(rng))

    for _ in range(20):
        key, asked = rng.choice(FLAGS), context(rng)
        default = rng.choice([None, True, "x", 0, {}])
        evaluation = lookup.evaluate(key, asked, default)
        found = explain(lookup.snapshot, key, asked, default)

        assert Evaluation(*found[1:7]) == evaluation
        if evaluation.error is None:
            assert_decided_by_last_step(found)


def assert_decided_by_last_step(found: Explanation) -> None:
    last = found.trace[-1]
    if found.rule is not None:
        assert (last["step"], last["rule"], last["matched"]) == ("rule", found.rule, True)
    elif found.reason == "TARGETING_MATCH":
        assert (last["step"], last["met"]) == ("target", True)
    elif found.reason == "DISABLED":
        assert last["step"] == "state" or (last["step"], last["met"]) == ("requires", False)
    else:
        assert last["step"] == "default"
    served = "the caller's default" if found.variant is None else found.variant
    assert last["text"].endswith(f"{served}")
    assert not any(step["matched"] for step in found.trace[:-1] if step["step"] == "rule")


def test_nothing_is_counted() -> None:
    """A preview in the console is no evaluation."""
    lookup = lookup_of({"f": ON})

    explain(lookup.snapshot, "f")
    explain(lookup.snapshot, "unknown")

    assert lookup.counters.drain() == {}
