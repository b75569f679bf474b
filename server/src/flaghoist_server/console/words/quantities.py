"""Numbers, shares and moments as people say them.

Rules: no clock here, the caller says what *now* is. Relative words never round up into the next
unit, so that "2 hours ago" is at least two hours.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["ago", "count", "listing", "moment", "percent", "plural", "who"]

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "min"))


def percent(share: float) -> str:
    """A share as it is written in a flag file: at most three decimals, none that say nothing."""
    return f"{share:.3f}".rstrip("0").rstrip(".") + " %"


def count(number: float) -> str:
    """A number with its thousands apart."""
    return f"{number:,.0f}"


def plural(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def listing(words: list[str], conjunction: str = "or", limit: int = 5) -> str:
    """`a, b or c`; what is past the limit is counted, not written."""
    if len(words) > limit:
        words = [*words[:limit], f"{len(words) - limit} more"]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def who(actor: str) -> str:
    """An actor as people call them: `anna` of `anna (7ilc1ps8mtbr)`, whose token has a name."""
    return re.sub(r"(?<=.) \([a-z0-9]+\)$", "", actor)


def moment(text: str) -> datetime | None:
    """An RFC 3339 time as the log keeps it; None where there is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def ago(at: str, now: datetime) -> str:
    """How long ago `at` was: `just now`, `12 min ago`, `94 days ago`; "" where it is unknown."""
    then = moment(at)
    if then is None:
        return ""
    seconds = int((now - then).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 and unit != 'min' else ''} ago"
    return "just now" if seconds < 10 else f"{seconds} s ago"
