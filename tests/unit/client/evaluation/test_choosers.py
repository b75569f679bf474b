"""The order in which a flag is asked: the golden evaluations."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.client.flags import lookup_of, snapshot_of, vectors

from flaghoist.errors import InvalidContext
from flaghoist.evaluation.context import Context

CASES = vectors("evaluation")["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_evaluations(case: dict[str, Any]) -> None:
    """Every vector comes out as it was frozen, to the type of its value."""
    lookup = lookup_of(case["flags"], case["segments"])

    found = lookup.evaluate("f", case["context"], case["default"])._asdict()

    del found["version"]
    assert found == case["expected"]
    assert type(found["value"]) is type(case["expected"]["value"])


SPLITS: dict[str, dict[str, Any]] = {
    "key": {"off_variant": "off", "default": {"on": 50, "off": 50}},
    "company": {"off_variant": "off", "bucket_by": "company", "default": {"on": 50, "off": 50}},
    "ruled": {
        "off_variant": "off",
        "rules": [{"when": {"attribute": "a", "exists": [False]}, "serve": {"on": 50, "off": 50}}],
        "default": "off",
    },
}


@pytest.mark.parametrize("flag", SPLITS)
def test_a_split_is_the_same_for_each_way_to_say_a_context(flag: str) -> None:
    """Text, mapping and `Context` take different ways through the code."""
    lookup = lookup_of(SPLITS)

    for number in range(200):
        key = f"user-{number}"
        contexts: list[Any] = [
            {"targeting_key": key, "company": key},
            Context(key, company=key),
        ]
        if flag != "company":
            contexts.append(key)
        found = {lookup.is_enabled(flag, context) for context in contexts}

        assert len(found) == 1


@pytest.mark.parametrize("flag", SPLITS)
def test_what_is_no_context_is_told_to_whoever_asks(flag: str) -> None:
    """The lookup makes a default and an error code of it."""
    chooser = snapshot_of(SPLITS).flags[flag].chooser

    with pytest.raises(InvalidContext):
        chooser.choose(["user-1"])


def test_a_subclass_of_text_is_hashed_as_the_text_that_it_is() -> None:
    """Whatever it says of itself."""

    class Key(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "another"

    lookup = lookup_of(SPLITS)

    for number in range(50):
        key = f"user-{number}"
        assert lookup.is_enabled("key", Key(key)) == lookup.is_enabled("key", key)
