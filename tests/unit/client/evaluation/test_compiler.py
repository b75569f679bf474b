"""What the compiler refuses: what is not there, too deep or too heavy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.unit.client.flags import ON, Document, snapshot_of

from flaghoist.evaluation.compiler import MAX_WEIGHT

TEST: Document = {"attribute": "a", "equals": [1]}


def chain(length: int) -> dict[str, Document]:
    """Segments that each refer to the next."""
    segments: dict[str, Document] = {
        f"s{number}": {"when": {"segment": f"s{number + 1}"}} for number in range(length - 1)
    }
    return {**segments, f"s{length - 1}": {"when": TEST}}


def doubling(length: int) -> dict[str, Document]:
    """Segments that each refer to the next one twice."""
    return {
        **{
            f"s{number}": {"when": {"any": [{"segment": f"s{number + 1}"}] * 2}}
            for number in range(length)
        },
        f"s{length}": {"when": TEST},
    }


def requiring(length: int) -> dict[str, Document]:
    """Flags that each require the next."""
    flags: dict[str, Document] = {
        f"f{number}": {**ON, "requires": [{"flag": f"f{number + 1}", "variants": ["on"]}]}
        for number in range(length - 1)
    }
    return {**flags, f"f{length - 1}": ON}


def using(segment: str) -> Document:
    return {**ON, "rules": [{"when": {"segment": segment}, "serve": "on"}]}


@pytest.mark.parametrize(
    ("flags", "segments", "rejected"),
    [
        ({"f": using("none")}, {}, {"f": "it uses segment 'none', which cannot be used"}),
        (
            {"f": {**ON, "requires": [{"flag": "none", "variants": ["on"]}]}},
            {},
            {"f": "it requires flag 'none', which cannot be used"},
        ),
        (requiring(12), {}, {"f0": "it requires flags that require flags, 11 times; at most 10"}),
    ],
    ids=["no segment", "no flag", "too deep"],
)
def test_a_flag_that_cannot_be_used_says_why(
    flags: dict[str, Document], segments: dict[str, Document], rejected: dict[str, str]
) -> None:
    """It alone is set aside."""
    snapshot = snapshot_of(flags, segments)

    assert set(snapshot.rejected) == set(rejected)
    for key, why in rejected.items():
        assert why in snapshot.rejected[key]
    assert set(snapshot.flags) == set(flags) - set(rejected)


def test_requirements_may_be_ten_deep() -> None:
    """Eleven flags, each of which requires the next."""
    snapshot = snapshot_of(requiring(11))

    assert snapshot.rejected == {}
    assert snapshot.flags["f0"].depth == 11


def test_conditions_may_be_thirty_two_deep_with_their_segments() -> None:
    """Compiled recursion is not checked: a process ends when it is too deep."""
    inside: dict[str, Any] = TEST
    for _ in range(31):
        inside = {"not": inside}

    deep = snapshot_of({"f": using("s")}, {"s": {"when": inside}})
    deeper = snapshot_of(
        {"f": using("t")}, {"t": {"when": {"not": {"segment": "s"}}}, "s": {"when": inside}}
    )

    assert deep.rejected == {}
    assert list(deeper.rejected) == ["segment:t", "f"]
    assert re.search("33 deep", deeper.rejected["segment:t"])


def test_segments_that_repeat_segments_are_bounded_by_their_weight() -> None:
    """Thirty of them would make one look at a flag take minutes."""
    light = snapshot_of({"f": using("s0")}, doubling(12))
    heavy = snapshot_of({"f": using("s0")}, doubling(14))

    assert light.rejected == {}
    assert MAX_WEIGHT > light.flags["f"].weight > MAX_WEIGHT / 2
    assert "segment:s0" in heavy.rejected
    assert "f" in heavy.rejected


def test_flags_that_require_flags_are_bounded_by_their_weight() -> None:
    """Each required flag is evaluated anew wherever it is required."""
    flags = {
        "g": using("s0"),
        "f": {**ON, "requires": [{"flag": "g", "variants": ["on"]}] * 2},
    }

    snapshot = snapshot_of(flags, doubling(12))

    assert set(snapshot.flags) == {"g"}
    assert "parts with its segments and required flags" in snapshot.rejected["f"]


def test_a_tenth_of_a_percent_is_exact() -> None:
    """Shares are whole numbers of buckets: no float rounds anybody into another group."""
    flag = {
        "type": "string",
        "variants": {v: v for v in "abcd"},
        "default": {"a": 33.333, "b": 33.333, "c": 33.334, "d": 0},
    }

    chooser: Any = snapshot_of({"f": flag}).flags["f"].chooser

    uppers = []
    place = chooser.first
    while place.upper < 100_000:
        uppers.append(place.upper)
        place = place.next
    assert [*uppers, place.upper] == [33_333, 66_666, 100_000]
