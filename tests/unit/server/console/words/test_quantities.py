"""Numbers, shares and moments in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flaghoist_server.console.words.quantities import ago, count, listing, percent, plural, who

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(25, "25 %"), (12.5, "12.5 %"), (0.001, "0.001 %"), (100.0, "100 %"), (0, "0 %")],
)
def test_percent(share: float, expected: str) -> None:
    """A share has no decimals that say nothing."""
    assert expected == percent(share)


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=41), "41 s ago"),
        (timedelta(minutes=1, seconds=59), "1 min ago"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=94), "94 days ago"),
        (timedelta(seconds=-5), "just now"),  # another machine's clock is ahead
    ],
)
def test_ago(passed: timedelta, expected: str) -> None:
    """A unit is named once it is whole, and never before."""
    assert expected == ago((NOW - passed).isoformat(), NOW)


def test_ago_unknown() -> None:
    """A time that is not known is not made up."""
    assert "" == ago("", NOW)


def test_count_and_plural() -> None:
    """Thousands stand apart; one is singular."""
    assert "4,812" == count(4812)
    assert ["0 rules", "1 rule", "1,200 rules"] == [plural(n, "rule") for n in (0, 1, 1200)]


def test_listing_counts_what_it_does_not_name() -> None:
    """A long list is cut, and says how much is missing."""
    assert "a" == listing(["a"])
    assert "a, b or c" == listing(["a", "b", "c"])
    assert "a, b or 3 more" == listing(["a", "b", "c", "d", "e"], limit=2)


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ("anna (7ilc1ps8mtbr)", "anna"),
        ("on call (nights) (7ilc1ps8mtbr)", "on call (nights)"),
        ("bootstrap", "bootstrap"),
        ("anna (Berlin)", "anna (Berlin)"),
        ("", ""),
    ],
)
def test_who(actor: str, expected: str) -> None:
    """The token's id is left out, and nothing else."""
    assert expected == who(actor)
