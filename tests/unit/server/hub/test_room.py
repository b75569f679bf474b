"""Laps: how a change gets to every stream, slice by slice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.fold import empty, fold
from flaghoist_server.feed.environment import LiveEnvironment
from flaghoist_server.fleet.fleet import Group
from flaghoist_server.fleet.roster import Roster
from flaghoist_server.hub.room import Position, Room


class FakeStream:
    def __init__(self) -> None:
        self.seat = -1
        self.sent: Position | None = ("", 0)
        self.blocked = False
        self.got: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.got.append(data)


class Scene:
    """A room of `count` streams that are at the head; the loop's turns are taken by hand."""

    def __init__(self, count: int, slice_size: int) -> None:
        begin = chain(Change("production", "e", 1, "create", "2027-01-01T00:00:00.000Z", "t"), "")
        self.live = LiveEnvironment(fold(empty("production"), begin))
        self.turns: deque[Callable[[], None]] = deque()
        group = Group(Roster("production", "e", 1))
        self.room = Room(self.live, group, slice_size, self.turns.append)
        self.streams = [FakeStream() for _ in range(count)]
        for stream in self.streams:
            self.room.enter(stream)
            self.room.bring(stream)
            stream.got.clear()

    def change(self) -> None:
        head = self.live.head
        edit = Edit.of(None, b'{"description":"%d"}' % head.version)
        at = "2027-01-01T00:00:00.000Z"
        change = Change("production", "e", head.version + 1, "apply", at, "t", flags={"f": edit})
        self.live.apply(chain(change, head.hash))
        self.room.moved()

    def run(self) -> None:
        while self.turns:
            self.turns.popleft()()

    @property
    def at_head(self) -> int:
        return sum(stream.sent is self.room.head for stream in self.streams)


def test_a_lap_is_cut_into_slices() -> None:
    """The first slice goes out at once, the rest when the loop has breathed."""
    scene = Scene(count=10, slice_size=4)

    scene.change()
    at_once = scene.at_head
    scene.run()

    assert (4, 10) == (at_once, scene.at_head)


def test_all_get_the_same_bytes() -> None:
    """A frame is made once for everybody at one position."""
    scene = Scene(count=10, slice_size=4)

    scene.change()
    scene.run()

    assert len({id(frame) for stream in scene.streams for frame in stream.got}) == 1


def test_a_change_in_the_middle_of_a_lap_reaches_everybody_once() -> None:
    """Who was served gets the second frame, who was not gets both changes in one."""
    scene = Scene(count=10, slice_size=4)

    scene.change()
    scene.change()
    scene.run()

    assert 10 == scene.at_head
    assert [2] * 4 + [1] * 6 == [len(stream.got) for stream in scene.streams]


def test_changes_without_end_starve_nobody() -> None:
    """With a change in every turn, each stream still gets its turn."""
    scene = Scene(count=10, slice_size=2)

    for _ in range(20):
        scene.change()
        scene.turns.popleft()()
    scene.run()

    assert all(len(stream.got) > 2 for stream in scene.streams)
    assert 10 == scene.at_head


def test_leaving_during_a_lap_leaves_nobody_out() -> None:
    """The last stream takes the seat of the one that leaves, and is served though it is passed."""
    scene = Scene(count=10, slice_size=4)
    scene.change()

    scene.room.leave(scene.streams.pop(0))
    scene.run()

    assert 9 == scene.at_head


def test_the_last_one_may_leave_during_a_lap() -> None:
    """An emptied room ends its lap."""
    scene = Scene(count=3, slice_size=1)
    scene.change()

    while scene.streams:
        scene.room.leave(scene.streams.pop())
    scene.run()

    assert [] == scene.room.streams


def test_a_blocked_stream_is_passed_over() -> None:
    """It is owed the newest, whenever it reads again."""
    scene = Scene(count=3, slice_size=10)
    scene.streams[1].blocked = True

    scene.change()
    scene.change()
    scene.run()
    scene.streams[1].blocked = False
    scene.room.bring(scene.streams[1])

    assert [2, 1, 2] == [len(stream.got) for stream in scene.streams]


def test_one_that_has_not_said_hello_is_owed_nothing() -> None:
    """It has no position yet."""
    scene = Scene(count=2, slice_size=10)
    scene.streams[0].sent = None

    scene.change()

    assert [] == scene.streams[0].got
