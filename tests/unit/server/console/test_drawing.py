"""Series in their order, colours, legend, table and marks."""

from __future__ import annotations

import pytest

from flaghoist.model.flag import Flag
from flaghoist_server.change.state import StoredFlag
from flaghoist_server.console.drawing import drawn, legend, marks, palette, rate, rates_text, table
from flaghoist_server.console.pulse import FINE

UNTIL = 1_800_000_000


def test_the_featured_variant_stands_on_the_ground_and_off_on_top() -> None:
    """A rollout is seen as a rising tide, in whatever order the counts came."""
    series = {"off": [3.0], "": [1.0], "on": [2.0]}

    found = drawn(Flag(off_variant="off", default={"off": 95, "on": 5}), series)

    assert [("on", "v1"), ("", "v2"), ("off", "v0")] == [
        (name, colour) for name, colour, _ in found
    ]


def test_variants_keep_their_colour_when_one_is_not_evaluated() -> None:
    """Colours follow the flag's variants, not what happened to be evaluated first."""
    flag = Flag(type="string", variants={"a": "a", "b": "b"}, default="a")

    assert [("a", "v1"), ("b", "v2"), ("", "v0")] == palette(flag)
    assert [("b", "v2")] == [(name, colour) for name, colour, _ in drawn(flag, {"b": [1.0]})]


def test_a_flag_that_cannot_be_read_is_drawn_all_the_same() -> None:
    """Its variants stand in alphabetical order."""
    assert ["on", "x"] == [name for name, _, _ in drawn(None, {"x": [1.0], "on": [1.0]})]


def test_legend_and_text_give_the_newest_rates() -> None:
    """The words beside the picture are its right edge."""
    series = [("on", "v1", [1.0, 412.0]), ("off", "v0", [1.0, 1236.4]), ("", "v2", [5.0, 0.0])]

    assert [("on", "v1", 412.0), ("off", "v0", 1236.4), ("", "v2", 0.0)] == legend(series)
    assert "on 412 · off 1,236" == rates_text(series)


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0"), (0.4, "0.4"), (3.0, "3"), (12.6, "13"), (4812, "4,812")]
)
def test_rate(number: float, expected: str) -> None:
    """Small rates keep a decimal."""
    assert expected == rate(number)


def test_table_is_the_picture_in_ten_rows() -> None:
    """Each row is the average up to its time, newest first."""
    series = [("on", "v1", [1.0] * 75 + [3.0] * 75)]

    rows = table(series, FINE, UNTIL)

    assert 10 == len(rows)
    assert ("08:00:00", [3.0]) == rows[0]
    assert ("07:55:30", [1.0]) == rows[-1]
    assert [] == table([], FINE, UNTIL)


def test_marks_are_the_changes_within_the_picture() -> None:
    """A change from before the picture is not drawn, nor one without a time."""
    old = StoredFlag(1, b"", at="2027-01-15T07:00:00.000Z", actor="a", kind="on")
    new = StoredFlag(2, b"", at="2027-01-15T07:59:00.000Z", actor="on-call", kind="kill")

    found = marks([new, old, StoredFlag(3, b"")], UNTIL - 300)

    assert [("kill", UNTIL - 60, "07:59:00 v 2 kill by on-call")] == [
        (mark.kind, mark.at, mark.says) for mark in found
    ]
