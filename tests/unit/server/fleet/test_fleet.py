"""Waiting for receipts, here and on other replicas, and SDKs that poll."""

from __future__ import annotations

import asyncio

import pytest

from flaghoist.protocol.messages import Hello, Report
from flaghoist_server.fleet.board import LocalBoard, Part
from flaghoist_server.fleet.fleet import FEW, Fleet, ReceiptAnswer, Wait

NAME, EPOCH = "production", "e1"


class Board(LocalBoard):
    """A board on which another replica has put up what the test says."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    async def others(self, environment: str) -> list[Part]:  # noqa: ARG002  # the port's signature
        return self.parts


class Notices:
    """A board that others look at; what was put up is kept."""

    def __init__(self) -> None:
        self.shown: asyncio.Queue[tuple[Part, bool]] = asyncio.Queue()

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def show(self, part: Part, *, counts_only: bool = False) -> None:
        self.shown.put_nowait((part, counts_only))

    async def others(self, environment: str) -> list[Part]:  # noqa: ARG002  # the port's signature
        return []


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def fleet(clock: Clock, board: Board) -> Fleet:
    fleet = Fleet("here", clock, board)
    fleet.group(NAME, EPOCH, 1)
    return fleet


def elsewhere(**versions: int) -> list[Part]:
    counts = {int(name.removeprefix("v")): count for name, count in versions.items()}
    return [Part("there", NAME, EPOCH, 2, versions=counts)]


async def test_a_wait_ends_with_the_last_acknowledgement(fleet: Fleet, clock: Clock) -> None:
    """And tells how long that took since the request."""
    roster = fleet.groups[NAME].roster
    member = roster.join(Hello("a", epoch=EPOCH, version=1), 99)
    roster.changed(2, 100)
    wait = Wait(since=99.5, seconds=10, given_up=asyncio.Event())

    waiting = asyncio.create_task(fleet.wait(NAME, 2, wait))
    await asyncio.sleep(0)
    roster.acknowledged(member, EPOCH, 2, 100.25)

    assert ReceiptAnswer(connected=1, applied=1, seconds=0.75) == await waiting


async def test_when_the_time_is_up_it_tells_what_there_is(fleet: Fleet) -> None:
    """Not everybody has it, and the answer says so."""
    roster = fleet.groups[NAME].roster
    roster.join(Hello("a", epoch=EPOCH, version=1), 99)
    roster.changed(2, 100)

    answer = await fleet.wait(NAME, 2, Wait(100, 0.01, asyncio.Event()))

    assert (1, 0) == (answer.connected, answer.applied)


async def test_a_leaving_server_keeps_nobody_waiting(fleet: Fleet) -> None:
    """Long answers end with the drain."""
    roster = fleet.groups[NAME].roster
    roster.join(Hello("a", epoch=EPOCH, version=1), 99)
    roster.changed(2, 100)
    given_up = asyncio.Event()
    given_up.set()

    answer = await asyncio.wait_for(fleet.wait(NAME, 2, Wait(100, 3600, given_up)), 5)

    assert (1, 0) == (answer.connected, answer.applied)


async def test_other_replicas_sdks_are_waited_for(fleet: Fleet, board: Board) -> None:
    """Until none of them is below the version."""
    fleet.groups[NAME].roster.changed(2, 100)
    board.parts = elsewhere(v1=2, v2=3)

    waiting = asyncio.create_task(fleet.wait(NAME, 2, Wait(100, 10, asyncio.Event())))
    await asyncio.sleep(0.1)
    still = not waiting.done()
    board.parts = elsewhere(v2=6)
    answer = await waiting

    assert (True, 5, 5) == (still, answer.connected, answer.applied)


async def test_one_that_comes_later_hides_no_laggard(fleet: Fleet, board: Board) -> None:
    """Five have it and five were connected, but one of those has not: not complete."""
    fleet.groups[NAME].roster.changed(2, 100)
    board.parts = elsewhere(v1=1, v2=4)

    waiting = asyncio.create_task(fleet.wait(NAME, 2, Wait(100, 0.2, asyncio.Event())))
    await asyncio.sleep(0.05)
    board.parts = elsewhere(v1=1, v2=5)

    assert (5, 4) == ((await waiting).connected, (await waiting).applied)


async def test_others_are_told_at_once_when_everybody_here_has_a_change(clock: Clock) -> None:
    """Somebody may be waiting there; a second would be long."""
    notices = Notices()
    fleet = Fleet("here", clock, notices)
    fleet.group(NAME, EPOCH, 1).roster.join(Hello("a", epoch=EPOCH, version=1), 99)
    await fleet.start()

    fleet.settled(NAME)
    async with asyncio.timeout(0.9):  # the ordinary turn comes after a second
        part, counts_only = await notices.shown.get()
    await fleet.close()

    assert ({1: 1}, [], True) == (part.versions, part.instances, counts_only)


async def test_a_large_fleets_instances_are_shown_every_fourth_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its counts every time."""
    monkeypatch.setattr("flaghoist_server.fleet.fleet._SHOW_SECONDS", 0.001)
    notices = Notices()
    fleet = Fleet("here", clock, notices)
    roster = fleet.group(NAME, EPOCH, 1).roster
    for number in range(FEW + 1):
        roster.join(Hello(f"i-{number}", epoch=EPOCH, version=1), 99)
    await fleet.start()

    shown = [await notices.shown.get() for _ in range(5)]
    await fleet.close()

    counts = [part.versions for part, _ in shown]
    assert [{1: FEW + 1}] * 5 == counts
    assert [False, True, True, True, False] == [counts_only for _, counts_only in shown]
    assert [FEW + 1, 0, 0, 0, FEW + 1] == [len(part.instances) for part, _ in shown]


async def test_an_sdk_that_polls_is_in_the_fleet_until_it_stops(fleet: Fleet, clock: Clock) -> None:
    """It has no stream, but it has flags, and tells which."""
    hello = Hello("poller", app="shop", epoch=EPOCH, version=1)
    report = Report(1, {"f": {"on": 5}})
    fleet.polled(NAME, hello, report, {"f"})
    fleet.polled(NAME, hello, report, {"f"})

    (instance,) = fleet.part(NAME, instances=True).instances
    clock.now += 3600
    fleet.groups[NAME].turn(clock.now)

    assert ("poller", "shop", 1) == (instance.instance, instance.app, instance.version)
    assert {"f": {"on": 2.0}} == fleet.part(NAME).rates
    assert 0 == fleet.part(NAME).connected


async def test_an_environment_without_a_fleet_has_an_empty_part(fleet: Fleet) -> None:
    """Nobody has ever connected to it."""
    assert 0 == fleet.part("staging").connected


async def test_the_turn_goes_on_by_itself_and_ends(fleet: Fleet) -> None:
    """Started once, closed twice."""
    await fleet.start()
    await fleet.close()
    await fleet.close()
