"""Whether a flag or a segment means something by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flaghoist.model.flag import Flag, Segment
from flaghoist.model.validation import check_flag, check_segment, effective_variants

THEME = {"type": "string", "variants": {"dark": "d", "light": "l"}}


def problems_of(document: dict[str, Any], key: str = "f") -> list[str]:
    return [str(problem) for problem in check_flag(key, msgspec.convert(document, Flag))]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"default": {"on": 10, "off": 90}, "off_variant": "off", "targets": {"on": ["u"]}},
        {"variants": {"yes": True, "no": False, "also": True}, "default": "also"},
        {**THEME, "rules": [{"serve": {"dark": 0.001, "light": 99.999}}], "default": "dark"},
        {"type": "number", "variants": {"a": 1, "b": -1.5, "c": 2**64 - 1}},
        {"type": "object", "variants": {"a": {"x": [1, None]}, "b": []}},
        {"expires": "2027-03-31", "hash": "murmur3", "salt": "", "bucket_by": "company"},
        {"requires": [{"flag": "g", "variants": ["on"]}]},
        {"targets": {"on": ["a", "b"], "off": ["c"]}},
        {"targets": {"on": ["a", "a"]}},
    ],
)
def test_good_flag(document: dict[str, Any]) -> None:
    """A flag that means something has no problem."""
    assert [] == problems_of(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"type": "string"}, "variants: 0 variants in a flag of type string; expected 1 to 100"),
        (
            {"type": "string", "variants": {str(n): "" for n in range(101)}},
            "variants: 101 variants in a flag of type string; expected 1 to 100",
        ),
        (
            {"type": "string", "variants": {"": "x"}},
            "variants.: '' is no variant name; expected 1 to 128 printable characters",
        ),
        (
            {"variants": {"on": 1}},
            "variants.on: 1 in a flag of type boolean; expected true or false",
        ),
        (
            {"type": "string", "variants": {"a": True}},
            "variants.a: true in a flag of type string; expected text (put it in quotes)",
        ),
        (
            {"type": "number", "variants": {"a": True}},
            "variants.a: true in a flag of type number;"
            " expected a finite number of at most 64 bits",
        ),
        (
            {"type": "number", "variants": {"a": 2**64}},
            "variants.a: 18446744073709551616 in a flag of type number;"
            " expected a finite number of at most 64 bits",
        ),
        (
            {"type": "object", "variants": {"a": "x"}},
            "variants.a: 'x' in a flag of type object; expected an object or a list",
        ),
        (
            {"type": "object", "variants": {"a": {"b": float("nan")}}},
            "variants.a: a mapping in a flag of type object; expected JSON of at most 32 levels,"
            " each number finite and of at most 64 bits",
        ),
        ({"expires": "tomorrow"}, "expires: 'tomorrow' is no day; expected YYYY-MM-DD"),
        (
            {"off_variant": "of"},
            "off_variant: no variant 'of'; expected one of on, off (nearest: off)",
        ),
        (
            {"requires": [{"flag": "g", "variants": []}]},
            "requires[0].variants: no variant of 'g' would do; expected one variant or several",
        ),
        (
            {"requires": [{"flag": "g", "variants": ["on"]}] * 101},
            "requires: 101 required flags; expected at most 100",
        ),
        (
            {"targets": {"onn": ["u"]}},
            "targets.onn: no variant 'onn'; expected one of on, off (nearest: on)",
        ),
        (
            {"targets": {"on": ["u", "v"], "off": ["v"]}},
            "targets.off[0]: 'v' is a target of 'on' and of 'off';"
            " expected one variant for each target",
        ),
        (
            {"targets": {"on": ["u"] * 10_001}},
            "targets: 10001 targets; expected at most 10000",
        ),
        ({"rules": [{"serve": "on"}] * 101}, "rules: 101 rules; expected at most 100"),
        (
            {"rules": [{"serve": "x"}]},
            "rules[0].serve: no variant 'x'; expected one of on, off",
        ),
        (
            {"rules": [{"serve": "on", "bucket_by": ""}]},
            "rules[0].bucket_by: bucket_by is empty; expected the name of an attribute",
        ),
        (
            {"rules": [{"serve": "on", "hash": "md5"}]},
            "rules[0].hash: no hash 'md5'; expected murmur3",
        ),
        (
            {"rules": [{"serve": "on", "when": {"attribute": "a", "lt": []}}]},
            "rules[0].when.lt: lt has 0 values; expected 1 to 10000",
        ),
        ({"default": {"on": 99}}, "default: the percentages add up to 99; expected 100"),
        ({"bucket_by": ""}, "bucket_by: bucket_by is empty; expected the name of an attribute"),
        ({"hash": "fnv"}, "hash: no hash 'fnv'; expected murmur3"),
    ],
)
def test_bad_flag(document: dict[str, Any], expected: str) -> None:
    """One mistake gives one problem, at its path."""
    assert [expected] == problems_of(document)


def test_all_problems_are_found() -> None:
    """One look finds every mistake."""
    document = {"off_variant": "x", "default": {"on": 1}, "rules": [{"serve": "y"}]}

    assert problems_of(document, key="not a key") == [
        "'not a key' is no flag key; expected 1 to 128 of a-z A-Z 0-9 . _ - /",
        "off_variant: no variant 'x'; expected one of on, off",
        "rules[0].serve: no variant 'y'; expected one of on, off",
        "default: the percentages add up to 1; expected 100",
    ]


def test_segment() -> None:
    """A segment has a name and a condition."""
    good = msgspec.convert({"when": {"attribute": "a", "in": ["x"]}}, Segment)
    bad = msgspec.convert({"when": {"attribute": "a", "in": []}}, Segment)

    assert check_segment("staff", good) == []
    assert [str(problem) for problem in check_segment("st aff", bad)] == [
        "'st aff' is no segment name; expected 1 to 128 of a-z A-Z 0-9 . _ - /",
        "when.in: in has 0 values; expected 1 to 10000",
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, {"on": True, "off": False}),
        ({"variants": {"yes": True}}, {"yes": True}),
        (THEME, {"dark": "d", "light": "l"}),
    ],
)
def test_effective_variants(document: dict[str, Any], expected: dict[str, Any]) -> None:
    """A boolean flag without variants has `on` and `off`."""
    assert expected == effective_variants(msgspec.convert(document, Flag))
