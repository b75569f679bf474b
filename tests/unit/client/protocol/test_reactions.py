"""The table is whole and keeps the rules that its head states."""

from __future__ import annotations

import pytest

from flaghoist.protocol.reactions import REACTIONS, UNREMARKABLE, Finding, Reaction, State


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_the_table_has_an_answer_to_every_finding(state: State) -> None:
    """No state meets a finding that it has no reaction to."""
    assert set(Finding) == set(REACTIONS[state])


def test_a_stream_that_was_left_does_nothing() -> None:
    """Whatever comes after leaving is passed over."""
    assert {(Reaction.SKIP, None)} == set(REACTIONS[State.LEFT].values())


def test_only_what_was_built_and_found_sound_is_swapped_in() -> None:
    """No other finding changes what the application sees."""
    swapping = {
        finding
        for row in REACTIONS.values()
        for finding, (reaction, _) in row.items()
        if reaction is Reaction.SWAP
    }

    assert {Finding.SOUND} == swapping


def test_no_resync_is_asked_for_while_one_is_owed() -> None:
    """So a stream that cannot be healed cannot loop."""
    owed = REACTIONS[State.RESYNCING].values()

    assert Reaction.RESYNC not in {reaction for reaction, _ in owed}


def test_whoever_leaves_is_noted() -> None:
    """What ends a stream is never unremarkable."""
    leaving = {
        finding
        for row in REACTIONS.values()
        for finding, (reaction, _) in row.items()
        if reaction is Reaction.LEAVE
    }

    assert set() == leaving & set(UNREMARKABLE)
