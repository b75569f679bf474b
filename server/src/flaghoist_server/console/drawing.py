"""Series in the order and colour in which they are drawn, their legend, table and marks. Pure.

The featured variant (the one that a ramp is about) stands on the ground in the accent colour, the
off variant on top in grey; so a rollout is seen as a rising tide, whatever the variants are called.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flaghoist.model.flag import Flag
from flaghoist_server.change.change import Change
from flaghoist_server.change.state import StoredFlag
from flaghoist_server.console.pulse import Resolution, Series
from flaghoist_server.console.views import Drawn, Mark, Palette
from flaghoist_server.console.words.quantities import count, moment
from flaghoist_server.console.words.states import featured, variants_of

__all__ = ["drawn", "legend", "marks", "palette", "rate", "rates_text", "table"]

_COLOURS = 5
_TABLE_ROWS = 10


def palette(flag: Flag | None, served: Iterable[str] = ()) -> Palette:
    """Every variant from the ground up with its colour class, those `served` included.

    It depends on the flag and not on what was evaluated first, so a colour means the same before
    and after the first evaluation.
    """
    order = _order(flag) if flag else []
    grey = _off(flag) if flag else ""
    names = [name for name in (*order, *sorted(set(served) - set(order))) if name != grey]
    coloured = [(name, f"v{1 + place % _COLOURS}") for place, name in enumerate(names)]
    return [*coloured, (grey, "v0")]


def drawn(flag: Flag | None, series: Series) -> Drawn:
    """The series from the ground up, each with its colour class."""
    ours = palette(flag, series)
    return [(name, colour, series[name]) for name, colour in ours if name in series]


def legend(series: Drawn) -> list[tuple[str, str, float]]:
    """Each series' name, colour class and newest rate."""
    return [(name, colour, rates[-1]) for name, colour, rates in series]


def rate(number: float) -> str:
    """A rate as it is written: whole from ten on, one decimal below."""
    return count(number) if number >= 10 or number == int(number) else f"{number:.1f}"


def rates_text(series: Drawn) -> str:
    """The newest rates in one line: `on 412 · off 1,236`; "" where nothing is evaluated."""
    newest = [(name or "caller's default", rates[-1]) for name, _, rates in series]
    return " · ".join(f"{name} {rate(number)}" for name, number in newest if number)


def table(series: Drawn, resolution: Resolution, until: int) -> list[tuple[str, list[float]]]:
    """The picture as numbers: at most ten rows, newest first, each an average up to a time."""
    slots = len(series[0][2]) if series else 0
    size = max(1, slots // _TABLE_ROWS)
    rows = []
    for end in range(slots, slots % size, -size):
        at = datetime.fromtimestamp(until - (slots - end) * resolution.seconds, UTC)
        rates = [sum(values[end - size : end]) / size for _, _, values in series]
        rows.append((at.strftime("%H:%M:%S"), rates))
    return rows


def marks(changes: Iterable[Change | StoredFlag], since: float) -> list[Mark]:
    """The changes after `since` as lines in the picture."""
    return [mark for mark in map(_mark, changes) if mark is not None and mark.at > since]


def _mark(change: Change | StoredFlag) -> Mark | None:
    at = moment(change.at)
    if at is None:
        return None
    says = f"{at:%H:%M:%S} v {count(change.version)} {change.kind} by {change.actor}"
    return Mark(at.timestamp(), change.kind, says)


def _order(flag: Flag) -> list[str]:
    main = featured(flag)
    return [main, *(name for name in variants_of(flag) if name != main)]


def _off(flag: Flag) -> str:
    """The variant drawn in grey: the off variant, else a boolean flag's false one."""
    if flag.off_variant is not None:
        return flag.off_variant if flag.off_variant != featured(flag) else ""
    false = [name for name, value in variants_of(flag).items() if value is False]
    return false[0] if flag.type == "boolean" and len(false) == 1 else ""
