"""RFC 3339 date-times: text to microseconds since 1970 in UTC, as `before` and `after` compare.

Only what RFC 3339 allows: date, time and offset are all there ("2027-03-31T12:00:00Z",
"2027-03-31T12:00:00.25+02:00"); a time without an offset would mean another moment on every
machine. A leap second (":60") is taken as the second after it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

__all__ = ["is_date", "parse_moment"]

_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"([Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_moment(text: str) -> int | None:
    """Microseconds since 1970-01-01T00:00:00Z, or `None` if the text is no RFC 3339 date-time."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    day, minute, second, fraction, _, sign, hours, minutes = found.groups()
    offset = (int(hours) * 60 + int(minutes)) * (-60 if sign == "-" else 60) if sign else 0
    if int(second) > 60 or (sign and (int(hours) > 23 or int(minutes) > 59)):
        return None
    try:
        start = datetime.fromisoformat(f"{day}T{minute}:00+00:00")
    except ValueError:
        return None
    seconds = (start - _EPOCH) // _MICROSECOND // 1_000_000 + int(second) - offset
    return seconds * 1_000_000 + int((fraction or "").ljust(6, "0")[:6])


def is_date(text: str) -> bool:
    """Whether the text is a day of the calendar, written YYYY-MM-DD."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
