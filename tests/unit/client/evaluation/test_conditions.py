"""Combinations of conditions: how much of them is asked, how deep and how heavy they are."""

from __future__ import annotations

import pytest

from flaghoist.evaluation.bucketing import make_bucketer
from flaghoist.evaluation.conditions import All, Always, AnyOf, Below, Condition, Not
from flaghoist.evaluation.operators import OPERATORS

YES = OPERATORS["equals"]("yes", [1], False)
RAISES = Below(make_bucketer("salt", None), "surrogate", 100_000)
ATTRIBUTES = {"yes": 1, "surrogate": "\ud800"}


def test_all_ends_at_the_first_that_does_not_hold() -> None:
    """What comes after it is not asked, so that it cannot fail either."""
    assert All([Not(YES), RAISES]).holds(ATTRIBUTES) is False


def test_any_ends_at_the_first_that_holds() -> None:
    """What comes after it is not asked, so that it cannot fail either."""
    assert AnyOf([YES, RAISES]).holds(ATTRIBUTES) is True


def test_no_condition_holds_for_everyone() -> None:
    """That is a rule without a `when`."""
    assert Always().holds({}) is True


@pytest.mark.parametrize(
    ("condition", "depth", "weight"),
    [
        (YES, 1, 1),
        (Not(YES), 2, 2),
        (All([YES, Not(YES)]), 3, 4),
        (AnyOf([All([YES, YES]), All([YES])]), 3, 6),
    ],
)
def test_depth_and_weight_count_all_parts(condition: Condition, depth: int, weight: int) -> None:
    """Depth is the longest way down, weight the number of parts."""
    assert (condition.depth, condition.weight) == (depth, weight)
