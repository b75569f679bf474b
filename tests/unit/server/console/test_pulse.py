"""The rings of evaluations: slots line up, gaps are zero, nothing is kept for ever."""

from __future__ import annotations

import pytest

from flaghoist_server.console.pulse import COARSE, FINE, Pulse

T = 1_800_000_000.0


def fed(*rates: float) -> Pulse:
    """A pulse with one rate in each fine slot from T on."""
    pulse = Pulse()
    for place, rate in enumerate(rates):
        pulse.feed(T + place * FINE.seconds, {"f": {"on": rate}})
    return pulse


def test_finished_slots_oldest_first() -> None:
    """The slot that is being filled is not shown."""
    pulse = fed(10, 20, 30)

    assert {"on": [0.0, 10.0, 20.0]} == pulse.series("f", T + 2 * FINE.seconds, FINE, 3)


def test_a_slot_nobody_wrote_to_is_zero() -> None:
    """After silence the rate is zero, not the last one known."""
    pulse = fed(10)

    assert {"on": [10.0, 0.0, 0.0]} == pulse.series("f", T + 3 * FINE.seconds, FINE, 3)


def test_a_whole_ring_of_silence_forgets() -> None:
    """What is older than the ring is gone."""
    pulse = fed(10)

    later = T + (FINE.slots + 5) * FINE.seconds

    assert [0.0] * FINE.slots == pulse.series("f", later, FINE, FINE.slots)["on"]


def test_all_slots_of_the_ring_can_be_read() -> None:
    """The oldest slot is still there while the newest is being filled."""
    pulse = fed(*range(1, FINE.slots + 2))

    shown = pulse.series("f", T + FINE.slots * FINE.seconds, FINE, FINE.slots)["on"]

    assert [float(rate) for rate in range(1, FINE.slots + 1)] == shown


def test_minutes_are_means_of_their_fine_slots() -> None:
    """Half a minute at 100 a second is a minute at 50."""
    pulse = fed(*[100.0] * 15)

    assert [50.0] == pulse.series("f", T + COARSE.seconds, COARSE, 1)["on"]


def test_latest_knows_only_flags_that_were_evaluated() -> None:
    """A flag that nobody evaluates takes no room in a tick."""
    pulse = fed(10, 20)

    assert {"f": {"on": 10.0}} == pulse.latest(["f", "g"], T + FINE.seconds)


@pytest.mark.parametrize("resolution", [FINE, COARSE])
def test_unknown_flag(resolution: object) -> None:
    """A flag that was never evaluated has no series."""
    assert {} == Pulse().series("f", T, FINE if resolution is FINE else COARSE, 5)
