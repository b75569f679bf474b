"""How states, durations and receipts are said."""

from __future__ import annotations

import pytest

from flaghoist_server.terminal.words import mark, receipt, seconds, tone


@pytest.mark.parametrize(
    ("effective", "expected_mark", "expected_tone"),
    [
        ("ON", "●", "green"),
        ("ON for 25 %", "◔", "yellow"),
        ("ON by 2 rules", "◔", "yellow"),
        ("blue for 50 %, red for 50 %", "◔", "yellow"),
        ("blue", "●", "green"),
        ("OFF", "○", "bright_black"),
        ("the caller's default", "○", "bright_black"),
        ("KILLED", "■", "red"),
    ],
)
def test_a_state_is_told_by_shape_as_well_as_by_colour(
    effective: str, expected_mark: str, expected_tone: str
) -> None:
    """Who cannot see colours sees the same from the mark."""
    assert (expected_mark, expected_tone) == (mark(effective), tone(effective))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0.0 ms"),
        (0.0041, "4.1 ms"),
        (0.00996, "10 ms"),  # and not 10.0
        (0.38, "380 ms"),
        (2.44, "2.4 s"),
        (75.0, "75.0 s"),
    ],
)
def test_a_duration_has_the_digits_that_matter(value: float, expected: str) -> None:
    """Milliseconds below a second, and a decimal only where it says something."""
    assert expected == seconds(value)


@pytest.mark.parametrize(
    ("connected", "applied", "expected"),
    [
        (0, 0, "no SDK was connected"),
        (1, 1, "1 of 1 SDK has applied it, in 5.0 ms"),
        (4, 4, "4 of 4 SDKs have applied it, in 5.0 ms"),
        (4, 3, "only 3 of 4 SDKs have applied it after 5.0 ms"),
    ],
)
def test_a_receipt_says_who_has_it_and_who_has_not(
    connected: int, applied: int, expected: str
) -> None:
    """One sentence for everyone, nobody, and some."""
    assert expected == receipt(connected, applied, 0.005)
