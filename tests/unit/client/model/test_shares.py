"""Percentages as whole thousandths."""

from __future__ import annotations

import pytest

from flaghoist.model.problem import Problem
from flaghoist.model.shares import BUCKETS, check_serve, thousandths

VARIANTS = ["on", "off", "other"]


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (0, 0),
        (100, BUCKETS),
        (10.0, 10_000),
        (33.333, 33_333),
        (0.001, 1),
        (99.999, 99_999),
        (0.0005, None),
        (33.3333, None),
        (-1, None),
        (100.001, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_thousandths(percent: float, expected: int | None) -> None:
    """A percentage has at most three decimals and lies in 0 … 100, or is none."""
    assert expected == thousandths(percent)


def test_every_share_of_three_decimals_is_exact() -> None:
    """No percentage that can be written is off by one bucket."""
    wrong = [share for share in range(BUCKETS + 1) if thousandths(share / 1000) != share]

    assert wrong == []


def problems_of(serve: str | dict[str, float]) -> list[Problem]:
    problems: list[Problem] = []
    check_serve(serve, VARIANTS, ("default",), problems)
    return problems


@pytest.mark.parametrize(
    "serve",
    ["on", {"on": 100}, {"on": 33.333, "off": 33.333, "other": 33.334}, {"off": 0, "on": 100.0}],
)
def test_good_serve(serve: str | dict[str, float]) -> None:
    """A variant, or percentages that add up to 100, has no problem."""
    assert [] == problems_of(serve)


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        ("of", "default: no variant 'of'; expected one of on, off, other (nearest: off)"),
        ({}, "default: the percentages add up to 0; expected 100"),
        ({"on": 10, "off": 89}, "default: the percentages add up to 99; expected 100"),
        ({"on": 10, "off": 90.001}, "default: the percentages add up to 100.001; expected 100"),
        (
            {"on": -1, "off": 101},
            "default.on: -1 is no percentage; expected 0 to 100 with at most 3 decimals",
        ),
        (
            {"on": 0.0001, "off": 99.9999},
            "default.on: 0.0001 is no percentage; expected 0 to 100 with at most 3 decimals",
        ),
        (
            {"onn": 100},
            "default.onn: no variant 'onn'; expected one of on, off, other (nearest: on)",
        ),
    ],
)
def test_bad_serve(serve: str | dict[str, float], expected: str) -> None:
    """The problem says what the percentages or the variant should be."""
    assert [expected] == [str(problem) for problem in problems_of(serve)]
