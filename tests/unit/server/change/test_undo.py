"""`undo`: back to what a flag was before its last change, itself a change."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.logs import Log

from flaghoist_server.change.change import Change
from flaghoist_server.change.commands import (
    Author,
    Command,
    CommandError,
    Decision,
    Ramp,
    SetState,
    Undo,
    decide,
)
from flaghoist_server.change.fold import fold
from flaghoist_server.change.state import State

ADA = Author("ada", "2027-01-02T00:00:00.000Z")


class World:
    """Environments with their logs, and commands done to them."""

    def __init__(self, **environments: State) -> None:
        self.states = environments
        self.last: dict[tuple[str, str], Change] = {}

    def do(self, command: Command, environment: str = "production") -> Decision:
        last = self.last.get((environment, getattr(command, "key", "")))
        decision = decide(self.states, environment, command, ADA, last)
        for change in decision.changes:
            self.note(change)
        return decision

    def note(self, change: Change) -> None:
        self.states[change.environment] = fold(self.states[change.environment], change)
        for key in change.flags:
            self.last[change.environment, key] = change

    def document(self, environment: str = "production") -> Any:
        stored = self.states[environment].flags.get("a")
        return None if stored is None else msgspec.json.decode(stored.document)


@pytest.mark.parametrize(
    "command",
    [SetState("a", "off"), SetState("a", "kill"), Ramp("a", 25)],
    ids=["off", "kill", "ramp"],
)
def test_a_change_is_taken_back(state_of, command: Command) -> None:
    """The document is the one before, byte for byte; the entry is an undo."""
    world = World(production=state_of({"a": {"default": {"on": 5, "off": 95}}}))
    before = world.states["production"].flags["a"].document
    world.do(command)

    (change,) = world.do(Undo("a")).changes

    assert "undo" == change.kind
    assert before == world.states["production"].flags["a"].document
    assert "" == world.states["production"].flags["a"].killed_at


def test_undoing_an_undo_does_it_again(state_of) -> None:
    """Undo is a change like any other."""
    world = World(production=state_of({"a": {"default": {"on": 5, "off": 95}}}))
    world.do(Ramp("a", 25))
    world.do(Undo("a"))

    world.do(Undo("a"))

    assert {"default": {"on": 25, "off": 75}} == world.document()


def test_an_added_flag_goes_and_comes_back(state_of) -> None:
    """Absent is a state to go back to, and so is the flag that was there."""
    log = Log()
    log.create()
    world = World(production=log.state)
    world.note(log.change({"a": b'{"default":"on"}'}))

    world.do(Undo("a"))
    gone = world.document()
    world.do(Undo("a"))

    assert gone is None
    assert {"default": "on"} == world.document()


def test_a_flag_without_history_has_nothing_to_undo(state_of) -> None:
    """Said as it is."""
    world = World(production=state_of({"a": {}}))

    with pytest.raises(CommandError, match="'a' has no change that could be undone"):
        world.do(Undo("a"))
    with pytest.raises(CommandError, match="no flag 'b'"):
        world.do(Undo("b"))


def test_a_kill_of_what_was_off_leaves_nothing_to_take_back(state_of) -> None:
    """The document was the same before: no change, and a note."""
    world = World(production=state_of({"a": {"state": "off"}}))
    world.do(SetState("a", "kill"))

    decision = world.do(Undo("a"))

    assert Decision(notes=("its last change (kill) left it as it was",)) == decision


def shared(description: str, **behaviour: Any) -> dict[str, Any]:
    return {"description": description, **behaviour}


def test_a_shared_definition_stays_shared(state_of) -> None:
    """Where another environment has the flag, undo takes back behaviour and no definition."""
    world = World(
        production=state_of({"a": shared("new", default="on")}),
        staging=state_of({"a": shared("new", default="on")}, environment="staging"),
    )
    log = Log()
    log.create()
    old = log.change({"a": b'{"description":"old","default":"off"}'})
    new = log.change({"a": b'{"description":"new","default":"on"}'})
    world.last["production", "a"] = new
    assert "old" in str(old.flags["a"].new)

    world.do(Undo("a"))

    assert {"description": "new", "default": "off"} == world.document()


def test_an_undo_that_no_longer_fits_is_refused(state_of) -> None:
    """What an SDK would refuse does not come back."""
    log = Log()
    log.create()
    log.change({"a": b'{"requires":[{"flag":"b","variants":["on"]}]}', "b": b"{}"})
    world = World(production=log.state)
    world.note(log.change({"a": b"{}"}))
    world.note(log.change({"b": None}))

    with pytest.raises(CommandError) as caught:
        world.do(Undo("a"))

    assert ("flags", "a", "requires", 0, "flag") == caught.value.problems[0].path
