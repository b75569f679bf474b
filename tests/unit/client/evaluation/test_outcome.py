"""Outcomes, prepared once and handed out many times."""

from __future__ import annotations

from typing import Any

import pytest

from flaghoist.evaluation.counters import Tally
from flaghoist.evaluation.outcome import Outcome, fresh
from flaghoist.evaluation.result import Evaluation, Reason


@pytest.mark.parametrize(
    ("value", "boolean", "on", "plain"),
    [
        (True, True, True, True),
        (False, True, False, True),
        (1, False, False, True),
        ("on", False, False, True),
        ({}, False, False, False),
        ([], False, False, False),
    ],
)
def test_what_a_lookup_asks_is_known_before(
    value: Any, boolean: bool, on: bool, plain: bool
) -> None:
    """The lookup looks at no type itself."""
    outcome = Outcome(Tally(), value, "v", Reason.STATIC)

    assert (outcome.boolean, outcome.on, outcome.plain) == (boolean, on, plain)
    assert outcome.kind is type(value)
    assert not outcome.absent


def test_what_it_tells_is_made_once() -> None:
    """Most outcomes are never asked."""
    outcome = Outcome(Tally(), True, "on", Reason.SPLIT, "pro", 7)
    assert outcome.told is None

    told = outcome.tell()

    assert told == Evaluation(True, "on", Reason.SPLIT, "pro", 7, None)
    assert outcome.told is told


def test_a_fresh_value_shares_nothing_that_can_be_changed() -> None:
    """Whoever changes what they got changes nothing for others."""
    value = {"list": [{"inner": [1, "x", None]}], "text": "t"}

    copy = fresh(value)

    assert copy == value
    assert isinstance(copy, dict)
    copy["list"][0]["inner"].append(2)
    assert value == {"list": [{"inner": [1, "x", None]}], "text": "t"}
