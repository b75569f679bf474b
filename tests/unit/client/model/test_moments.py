"""RFC 3339 date-times and calendar days."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flaghoist.model.moments import is_date, parse_moment

EPOCH_MICROSECONDS = {
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01t00:00:01z": 1_000_000,
    "1970-01-01 00:00:00.5Z": 500_000,
    "1970-01-01T00:00:00.123456789Z": 123_456,
    "1970-01-01T01:00:00+01:00": 0,
    "1969-12-31T23:30:00-00:30": 0,
    "1969-12-31T23:59:59.999999Z": -1,
    "1990-12-31T23:59:60Z": 662_688_000_000_000,
    "2024-02-29T12:00:00Z": 1_709_208_000_000_000,
}
NO_MOMENTS = [
    "",
    "2027-03-31",
    "2027-03-31T12:00:00",
    "2027-03-31T12:00Z",
    "2027-03-31T12:00:00.Z",
    "2027-03-31T24:00:00Z",
    "2027-03-31T12:60:00Z",
    "2027-03-31T12:00:61Z",
    "2027-03-31T12:00:00+24:00",
    "2027-03-31T12:00:00+01:60",
    "2027-02-29T12:00:00Z",
    "2027-13-01T12:00:00Z",
    "0000-01-01T00:00:00Z",
    "20270331T120000Z",
    "2027-W13-3T12:00:00Z",
    "2027-03-31T12:00:00Z\n",
    "٢٠٢٧-03-31T12:00:00Z",
]


@pytest.mark.parametrize(("text", "microseconds"), EPOCH_MICROSECONDS.items())
def test_moment(text: str, microseconds: int) -> None:
    """An RFC 3339 date-time is so many microseconds from 1970 in UTC."""
    assert microseconds == parse_moment(text)


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_no_moment(text: str) -> None:
    """A text that RFC 3339 does not allow is no moment; nor is one without an offset."""
    assert parse_moment(text) is None


def test_agrees_with_the_standard_library() -> None:
    """A moment is the one that `datetime` reads from the same text."""
    text = "2031-07-19T04:05:06.789012-09:45"

    moment = parse_moment(text)

    assert moment == round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-03-31", True),
        ("2028-02-29", True),
        ("2027-02-29", False),
        ("2027-3-31", False),
        ("20270331", False),
        ("2027-W13-1", False),
        ("2027-03-31T00:00:00Z", False),
        ("2027/03/31", False),
        ("２027-03-31", False),
        ("", False),
    ],
)
def test_date(text: str, expected: bool) -> None:
    """A day is YYYY-MM-DD and in the calendar."""
    assert expected == is_date(text)
