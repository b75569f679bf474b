"""When to connect next: full jitter, slow after refusals, in turn over several servers."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from flaghoist.link.schedule import (
    FIRST_S,
    HEALTHY_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_S,
    REFUSED_S,
    SHORTEST_S,
    Schedule,
)

SEEDS = range(200)


@pytest.mark.parametrize(
    ("failures", "ceiling"), [(1, FIRST_S), (2, 3.0), (3, 4.5), (10, LONGEST_S), (99, LONGEST_S)]
)
def test_a_wait_is_drawn_from_the_whole_of_its_range(failures: int, ceiling: float) -> None:
    """The range grows up to its longest; the first wait is random, too."""
    waits = []
    for seed in SEEDS:
        schedule, now = Schedule(1, Random(seed)), 100.0
        for _ in range(failures):
            now = schedule.next(now)[1]
            schedule.lost(0, now)
        waits.append(schedule.next(now)[1] - now)

    assert SHORTEST_S <= min(waits) < SHORTEST_S + ceiling / 10
    assert ceiling * 0.9 < max(waits) <= ceiling


def test_a_connection_that_was_healthy_starts_the_waits_anew() -> None:
    """One that was dropped soon does not: a server that accepts and drops is not healthy."""
    schedule = Schedule(1, Random(1))
    for _ in range(5):
        schedule.lost(0, 0.0)

    schedule.opened(100.0)
    schedule.lost(0, 100.0 + HEALTHY_S - 1)
    assert 6 == schedule.failures
    schedule.opened(200.0)
    schedule.lost(0, 200.0 + HEALTHY_S)

    assert 1 == schedule.failures


def test_a_refusal_is_tried_again_slowly_and_for_ever() -> None:
    """Within a minute and a half, the hundredth time as the first."""
    waits, now = [], 0.0
    schedule = Schedule(1, Random(1))
    for _ in range(100):
        schedule.refused(0, now)
        then = schedule.next(now)[1]
        waits.append(then - now)
        now = then

    assert 0.5 * REFUSED_S <= min(waits) < max(waits) <= 1.5 * REFUSED_S


@pytest.mark.parametrize(
    ("asked", "least"),
    [(0.0, SHORTEST_S), (7.0, 7.0), (1e9, LONGEST_RETRY_AFTER_S)],
    ids=["at-once", "seconds", "absurd"],
)
def test_retry_after_is_a_least_wait(asked: float, least: float) -> None:
    """With jitter on top, and not for ever."""
    waits = []
    for seed in SEEDS:
        schedule = Schedule(1, Random(seed))
        schedule.refused(0, 0.0, asked)
        waits.append(schedule.next(0.0)[1])

    assert least <= min(waits) < max(waits) <= least * 1.5


def test_the_next_server_is_tried_when_one_refuses() -> None:
    """Soon, and the one that refused is left alone."""
    schedule = Schedule(3, Random(1))

    schedule.refused(0, 0.0)
    server, when = schedule.next(0.0)

    assert 1 == server
    assert SHORTEST_S <= when <= FIRST_S


def test_servers_are_tried_in_turn() -> None:
    """Each failure moves on to the next."""
    schedule, now, tried = Schedule(3, Random(1)), 0.0, []
    for _ in range(6):
        server, now = schedule.next(now)
        tried.append(server)
        schedule.lost(server, now)

    assert [0, 1, 2, 0, 1, 2] == tried


def test_a_move_is_spread_and_goes_elsewhere_first() -> None:
    """A drain of 10,000 SDKs is no storm."""
    moves = []
    for seed in SEEDS:
        schedule = Schedule(2, Random(seed))
        schedule.move(0, 100.0, 5.0)
        moves.append(schedule.next(100.0))

    assert {1} == {server for server, _ in moves}
    assert 100.0 <= min(when for _, when in moves) < 100.5
    assert 104.5 < max(when for _, when in moves) <= 105.0


def test_a_fleet_comes_back_soon_and_not_at_once() -> None:
    """2,000 clients of a server that was away for two seconds: each within fifteen, few at one moment."""
    back = []
    for seed in range(2_000):
        schedule, now = Schedule(1, Random(seed)), 0.0
        while now < 2.0:
            schedule.lost(0, now)
            now = schedule.next(now)[1]
        back.append(now)

    instants = Counter(int(when * 10) for when in back)

    assert max(back) < 2.0 + 15.0
    assert max(instants.values()) < 200
