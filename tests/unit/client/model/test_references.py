"""Whether the flags and segments of one environment fit together."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from flaghoist.model.flag import Flag, Segment
from flaghoist.model.limits import (
    MAX_CONDITION_DEPTH,
    MAX_FLAGS,
    MAX_REQUIRES_DEPTH,
    MAX_SEGMENTS,
)
from flaghoist.model.references import check_environment

STAFF = {"when": {"attribute": "email", "ends_with": ["@example.com"]}}


def problems_of(flags: dict[str, Any], segments: dict[str, Any] | None = None) -> list[str]:
    found = check_environment(
        msgspec.convert(flags, dict[str, Flag]), msgspec.convert(segments or {}, dict[str, Segment])
    )
    return [str(problem) for problem in found]


def requiring(*keys: str) -> dict[str, Any]:
    return {"requires": [{"flag": key, "variants": ["on"]} for key in keys]}


def ruled(when: dict[str, Any]) -> dict[str, Any]:
    return {"rules": [{"when": when, "serve": "on"}]}


def chain(length: int) -> dict[str, Any]:
    """Flags that require each other, `length` arrows in a row."""
    return {f"f{n}": requiring(f"f{n + 1}") for n in range(length)} | {f"f{length}": {}}


def nested(depth: int, innermost: dict[str, Any]) -> dict[str, Any]:
    for _ in range(depth - 1):
        innermost = {"not": innermost}
    return innermost


@pytest.mark.parametrize(
    ("flags", "segments"),
    [
        ({}, {}),
        ({"a": requiring("b", "c"), "b": requiring("c"), "c": {}}, {}),
        ({"a": ruled({"any": [{"segment": "staff"}, {"not": {"segment": "staff"}}]})}, None),
        (chain(MAX_REQUIRES_DEPTH), {}),
        ({"a": ruled(nested(MAX_CONDITION_DEPTH - 1, {"segment": "staff"}))}, None),
    ],
)
def test_good_environment(flags: dict[str, Any], segments: dict[str, Any] | None) -> None:
    """Names that lead somewhere, and not back, are no problem."""
    assert [] == problems_of(flags, {"staff": STAFF} if segments is None else segments)


CYCLE = "expected one of these to be taken out"


@pytest.mark.parametrize(
    ("flags", "segments", "expected"),
    [
        (
            {"a": requiring("b")},
            {},
            "flags.a.requires[0].flag: no flag 'b' in this environment;"
            " expected the name of a flag of the same environment, and there is none yet",
        ),
        (
            {"a": requiring("pay"), "pays": {}},
            {},
            "flags.a.requires[0].flag: no flag 'pay' in this environment;"
            " expected pays (nearest: pays)",
        ),
        (
            {
                "a": {"requires": [{"flag": "b", "variants": ["on", "yes"]}]},
                "b": {"variants": {"on": True}},
            },
            {},
            "flags.a.requires[0].variants[1]: no variant 'yes' of flag 'b'; expected on",
        ),
        (
            {"a": requiring("a")},
            {},
            f"flags.a.requires[0].flag: 'a' leads back to itself: a → a; {CYCLE}",
        ),
        (
            {"a": requiring("b"), "b": requiring("c"), "c": requiring("b")},
            {},
            f"flags.b.requires[0].flag: 'b' leads back to itself: b → c → b; {CYCLE}",
        ),
        (
            chain(MAX_REQUIRES_DEPTH + 1),
            {},
            "flags.f0.requires: 'f0' requires a flag that requires a flag, 11 times;"
            " expected at most 10",
        ),
        (
            {"a": ruled({"all": [{"not": {"segment": "staf"}}]})},
            {"staff": STAFF},
            "flags.a.rules[0].when.all[0].not.segment: no segment 'staf';"
            " expected staff (nearest: staff)",
        ),
        (
            {},
            {"a": {"when": {"segment": "b"}}},
            "segments.a.when.segment: no segment 'b'; expected a",
        ),
        (
            {},
            {"a": {"when": {"segment": "b"}}, "b": {"when": {"any": [{"segment": "a"}]}}},
            f"segments.a.when.segment: 'a' leads back to itself: a → b → a; {CYCLE}",
        ),
        (
            {"a": ruled(nested(20, {"segment": "deep"}))},
            {"deep": {"when": nested(20, {"segment": "staff"})}, "staff": STAFF},
            "flags.a.rules[0].when: the condition is 41 levels deep with the segments that it names;"
            " expected at most 32",
        ),
    ],
)
def test_bad_environment(flags: dict[str, Any], segments: dict[str, Any], expected: str) -> None:
    """One mistake gives one problem, at its path, with the nearest name that there is."""
    assert [expected] == problems_of(flags, segments)


def test_cycle_is_named_in_the_direction_of_its_arrows() -> None:
    """From any flag of the circle, each requires the next that is named."""
    flags = {"a": requiring("c"), "c": requiring("b"), "b": requiring("a")}

    (problem,) = problems_of(flags)

    arrows = {("a", "c"), ("c", "b"), ("b", "a")}
    names = problem.split(": ")[2].split(";")[0].split(" → ")
    assert arrows == set(itertools.pairwise(names))


def test_too_many() -> None:
    """An environment has room for so many flags and segments."""
    flag, segment = Flag(), msgspec.convert(STAFF, Segment)

    problems = check_environment(
        {str(n): flag for n in range(MAX_FLAGS + 1)},
        {str(n): segment for n in range(MAX_SEGMENTS + 1)},
    )

    assert [str(problem) for problem in problems] == [
        "flags: 20001 flags; expected at most 20000",
        "segments: 5001 segments; expected at most 5000",
    ]


def test_a_long_chain_of_segments_is_a_problem_and_no_crash() -> None:
    """Segments that name segments, a thousand deep, are refused."""
    segments: dict[str, Any] = {f"s{n}": {"when": {"segment": f"s{n + 1}"}} for n in range(1000)}
    segments["s1000"] = STAFF

    problems = problems_of({}, segments)

    assert len(problems) == 1001 - MAX_CONDITION_DEPTH
