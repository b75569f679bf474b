"""`on`, `off` and `kill`: the state of one flag and nothing else of it."""

from __future__ import annotations

import msgspec
import pytest

from flaghoist_server.change.commands import Author, CommandError, Decision, SetState, decide
from flaghoist_server.change.fold import fold
from flaghoist_server.change.state import State

ADA = Author("ada", "2027-01-02T00:00:00.000Z", "why")


def do(state: State, key: str, to: str) -> Decision:
    return decide({"production": state}, "production", SetState(key, to), ADA)


def after(state: State, *steps: str) -> State:
    """The state once flag `a` was switched so."""
    for step in steps:
        for change in do(state, "a", step).changes:
            state = fold(state, change)
    return state


def test_off_is_a_change_of_the_state_alone(state_of) -> None:
    """The entry carries the document before and after, the author, and its place in the log."""
    state = state_of({"a": {"default": {"on": 5, "off": 95}, "targets": {"on": ["u1"]}}})

    (change,) = do(state, "a", "off").changes

    assert ("production", "e1", 3, "off") == (
        change.environment,
        change.epoch,
        change.version,
        change.kind,
    )
    assert ("ada", ADA.at, "why") == (change.actor, change.at, change.reason)
    assert state.flags["a"].document == change.flags["a"].old
    assert {"state": "off"} | msgspec.json.decode(change.flags["a"].old or b"") == (
        msgspec.json.decode(change.flags["a"].new or b"")
    )


def test_on_undoes_off_byte_for_byte(state_of) -> None:
    """The canonical document of a flag that is on is the one it had."""
    state = state_of({"a": {"default": {"on": 5, "off": 95}}})

    assert state.flags["a"].document == after(state, "off", "on").flags["a"].document


@pytest.mark.parametrize("to", ["on", "off", "kill"])
def test_what_is_so_already_is_no_change(state_of, to: str) -> None:
    """No entry, so no version."""
    state = after(state_of({"a": {"default": "on"}}), to)

    assert Decision() == do(state, "a", to)


def test_a_kill_of_a_flag_that_is_off_is_recorded(state_of) -> None:
    """The document stays the same; the flag counts as killed from then on."""
    state = after(state_of({"a": {"default": "on"}}), "off")

    (change,) = do(state, "a", "kill").changes

    assert "kill" == change.kind
    assert change.flags["a"].old == change.flags["a"].new
    assert ADA.at == fold(state, change).flags["a"].killed_at


def test_off_leaves_a_killed_flag_killed(state_of) -> None:
    """It is off already."""
    state = after(state_of({"a": {"default": "on"}}), "kill")

    assert () == do(state, "a", "off").changes


def test_on_says_that_the_flag_had_been_killed(state_of) -> None:
    """Whoever switches it on again should know."""
    state = after(state_of({"a": {"default": "on"}}), "kill")

    assert (f"it was off by a kill since {ADA.at}",) == do(state, "a", "on").notes


def test_on_says_what_is_in_the_way(state_of) -> None:
    """A requirement that is off keeps the flag from mattering."""
    state = state_of(
        {
            "a": {"state": "off", "requires": [{"flag": "b", "variants": ["on"]}], "default": "on"},
            "b": {"state": "off", "off_variant": "off", "default": "on"},
        }
    )

    assert ("without effect while 'b', which it requires, is off",) == do(state, "a", "on").notes


def test_a_requirement_that_its_off_variant_meets_is_no_hindrance(state_of) -> None:
    """A flag that is off serves something."""
    state = state_of(
        {
            "a": {"state": "off", "requires": [{"flag": "b", "variants": ["off"]}]},
            "b": {"state": "off", "off_variant": "off"},
        }
    )

    assert () == do(state, "a", "on").notes


POISONED = {"default": "on", "from_the_future": {"x": [1, 2]}}


def test_a_kill_needs_no_readable_flag(state_of) -> None:
    """What this version does not know stays in the document."""
    state = state_of({"a": POISONED})

    (change,) = do(state, "a", "kill").changes

    assert POISONED | {"state": "off"} == msgspec.json.decode(change.flags["a"].new or b"")


def test_an_unreadable_flag_is_not_switched_on(state_of) -> None:
    """Nobody knows what it would serve."""
    state = state_of({"a": POISONED | {"state": "off"}})

    with pytest.raises(CommandError, match=r"'a' cannot be read by this version .* not on"):
        do(state, "a", "on")


@pytest.mark.parametrize("to", ["on", "off", "kill"])
def test_an_unknown_flag_is_named_with_its_nearest(state_of, to: str) -> None:
    """A typo is the usual reason."""
    with pytest.raises(CommandError) as caught:
        do(state_of({"new-checkout": {}}), "new-chekout", to)

    assert "unknown_flag" == caught.value.code
    assert "there is no flag 'new-chekout'; did you mean 'new-checkout'?" == str(caught.value)


@pytest.mark.parametrize("environment", ["produktion", None])
def test_an_unknown_environment_is_refused(state_of, environment: str | None) -> None:
    """With the nearest one that there is."""
    with pytest.raises(CommandError) as caught:
        decide({"production": state_of({})}, environment, SetState("a", "on"), ADA)

    assert "unknown_environment" == caught.value.code


def test_time_does_not_run_backwards(state_of) -> None:
    """With a clock that was set back, an entry has the time of the one before it."""
    state = state_of({"a": {"default": "on"}})
    early = Author("ada", "2026-01-01T00:00:00.000Z")

    (change,) = decide(
        {"production": state}, "production", SetState("a", "off"), early
    ).changes  # fmt: skip

    assert state.head.at == change.at
