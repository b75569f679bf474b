"""`ramp`: shares that add up to 100 exactly, in the order that they had."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flaghoist_server.change.commands import Author, CommandError, Decision, Ramp, decide
from flaghoist_server.change.ramp import split
from flaghoist_server.change.state import State

ADA = Author("ada", "2027-01-02T00:00:00.000Z")


def ramp(state: State, percent: float, variant: str | None = None) -> Decision:
    return decide({"production": state}, "production", Ramp("a", percent, variant), ADA)


def default_after(state: State, percent: float, variant: str | None = None) -> Any:
    (change,) = ramp(state, percent, variant).changes
    assert "ramp" == change.kind
    return msgspec.json.decode(change.flags["a"].new or b"")["default"]


THREE = {"type": "string", "variants": {"blue": "b", "green": "g", "red": "r"}}


@pytest.mark.parametrize(
    ("flag", "percent", "variant", "default"),
    [
        ({"default": "off"}, 25, None, {"on": 25, "off": 75}),
        ({"default": "on"}, 25, None, {"on": 25, "off": 75}),
        ({}, 25, None, {"on": 25, "off": 75}),
        ({"default": {"on": 5, "off": 95}}, 25, None, {"on": 25, "off": 75}),
        ({"default": {"off": 95, "on": 5}}, 25, None, {"off": 75, "on": 25}),
        ({"default": {"on": 5, "off": 95}}, 100, None, {"on": 100, "off": 0}),
        ({"default": {"on": 5, "off": 95}}, 0, None, {"on": 0, "off": 100}),
        ({"default": {"on": 100, "off": 0}}, 30, None, {"on": 30, "off": 70}),
        ({"default": {"on": 5, "off": 95}}, 12.5, None, {"on": 12.5, "off": 87.5}),
        ({"default": {"on": 5, "off": 95}}, 0.001, None, {"on": 0.001, "off": 99.999}),
        ({"default": {"on": 5, "off": 95}}, 60, "off", {"on": 40, "off": 60}),
        ({"variants": {"yes": True, "no": False}}, 10, None, {"yes": 10, "no": 90}),
        (
            THREE | {"default": {"blue": 50, "green": 30, "red": 20}},
            75,
            "blue",
            {"blue": 75, "green": 15, "red": 10},
        ),
        (
            THREE | {"default": {"blue": 33.334, "green": 33.333, "red": 33.333}},
            0,
            "blue",
            {"blue": 0, "green": 50, "red": 50},
        ),
        (
            THREE | {"default": {"blue": 100, "green": 0, "red": 0}},
            40,
            "blue",
            {"blue": 40, "green": 30, "red": 30},
        ),
        (
            THREE | {"off_variant": "red", "default": {"blue": 100, "green": 0, "red": 0}},
            40,
            "blue",
            {"blue": 40, "green": 0, "red": 60},
        ),
        (THREE | {"default": "green"}, 20, "red", {"red": 20, "green": 80}),
        (THREE | {"default": "red", "off_variant": "blue"}, 20, "red", {"red": 20, "blue": 80}),
        (
            THREE | {"default": {"blue": 50, "green": 50}},
            20,
            "red",
            {"red": 20, "blue": 40, "green": 40},
        ),
    ],
    ids=str,
)
def test_the_share_of_a_variant(
    state_of, flag: dict[str, Any], percent: float, variant: str | None, default: Any
) -> None:
    """Its own share as asked, the rest to the others as before, the order kept."""
    result = default_after(state_of({"a": flag}), percent, variant)

    assert default == result
    assert list(default) == list(result)


def test_the_rest_of_the_flag_is_left_alone(state_of) -> None:
    """State, rules, targets and everything else."""
    flag = {
        "description": "d",
        "state": "off",
        "off_variant": "off",
        "targets": {"on": ["u"]},
        "rules": [{"when": {"attribute": "plan", "in": ["pro"]}, "serve": "on"}],
        "default": {"on": 5, "off": 95},
        "bucket_by": "account",
        "salt": "s",
    }

    (change,) = ramp(state_of({"a": flag}), 25).changes

    assert flag | {"default": {"on": 25, "off": 75}} == (
        msgspec.json.decode(change.flags["a"].new or b"")
    )


def test_the_same_share_is_no_change(state_of) -> None:
    """No entry, so no version."""
    assert () == ramp(state_of({"a": {"default": {"on": 5, "off": 95}}}), 5).changes


shares = st.lists(st.integers(0, 100_000), min_size=2, max_size=8).filter(any)


@given(weights=shares, share=st.integers(0, 100_000), chosen=st.integers(0, 7))
def test_shares_always_add_up(weights: list[int], share: int, chosen: int) -> None:
    """To 100 % exactly, none negative, the chosen one as asked, the names in their order."""
    names = [f"v{number}" for number in range(len(weights))]
    variant = names[chosen % len(names)]

    result = split(dict(zip(names, weights, strict=True)), variant, share)

    assert names == list(result)
    assert share == result[variant]
    assert 100_000 == sum(result.values())
    assert all(part >= 0 for part in result.values())


@given(first=st.integers(0, 100_000), second=st.integers(0, 100_000))
def test_raising_the_first_variant_keeps_everyone_who_had_it(first: int, second: int) -> None:
    """Its range starts at bucket 0 and only grows."""
    low, high = sorted((first, second))
    before = split({"on": 5_000, "off": 95_000}, "on", low)

    after = split(before, "on", high)

    assert after["on"] >= before["on"]
    assert "on" == next(iter(after))


def test_a_flag_that_is_off_says_so(state_of) -> None:
    """The ramp is kept, and has no effect until the flag is on."""
    decision = ramp(state_of({"a": {"state": "off", "default": {"on": 5, "off": 95}}}), 25)

    assert 1 == len(decision.changes)
    assert (
        "without effect while the flag is off: `flaghoist on a` switches it on",
    ) == decision.notes


def test_a_rule_that_catches_everyone_says_so(state_of) -> None:
    """The default is never reached."""
    flag = {"rules": [{"name": "all", "serve": "off"}], "default": {"on": 5, "off": 95}}

    decision = ramp(state_of({"a": flag}), 25)

    assert ("without effect: rule 'all' matches everyone before it",) == decision.notes


def test_a_variant_in_the_middle_says_that_its_range_moves(state_of) -> None:
    """Only the first and the last keep everyone when they grow."""
    flag = THREE | {"default": {"blue": 50, "green": 30, "red": 20}}

    assert "its range moves" in ramp(state_of({"a": flag}), 40, "green").notes[0]
    assert () == ramp(state_of({"a": flag}), 40, "red").notes


@pytest.mark.parametrize(
    "percent", [-1, 100.001, 12.3456, float("nan"), float("inf"), -0.0001], ids=str
)
def test_what_is_no_percentage_is_refused(state_of, percent: float) -> None:
    """From 0 to 100 with up to three decimals."""
    with pytest.raises(CommandError, match="a percentage"):
        ramp(state_of({"a": {"default": "on"}}), percent)


@pytest.mark.parametrize(
    ("flag", "variant", "message"),
    [
        ({}, "purple", "flag 'a' has no variant 'purple'; it has 'on', 'off'"),
        (
            THREE | {"default": "blue"},
            None,
            "flag 'a' has no variant 'on': name one of 'blue', 'green', 'red'",
        ),
        (
            THREE | {"default": "blue"},
            "blue",
            (
                "flag 'a' does not say who gets the rest: "
                "give `default` as percentages of 'blue', 'green', 'red' in a flag file"
            ),
        ),
    ],
    ids=["no such variant", "which variant", "no rest"],
)
def test_a_ramp_that_cannot_be_meant_is_refused(
    state_of, flag: dict[str, Any], variant: str | None, message: str
) -> None:
    """With what to write instead."""
    with pytest.raises(CommandError) as caught:
        ramp(state_of({"a": flag}), 20, variant)

    assert message == str(caught.value)


def test_an_unreadable_flag_is_not_ramped(state_of) -> None:
    """The refusal says what still works."""
    with pytest.raises(CommandError, match="kill still works on it"):
        ramp(state_of({"a": {"from_the_future": 1}}), 20)
