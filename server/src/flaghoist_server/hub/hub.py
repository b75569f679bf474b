"""All streams of this server: who may open one, which are alive, and how they end.

Rules: everything here runs in the server's loop and nothing blocks it. The hub follows the feed
(`changed`) and is followed by nobody: what others want to know of the SDKs, the fleet tells.

Theory. Time is a wheel of ten slots; a stream gets the next slot when it opens. A turn is a tenth
of `beat_seconds`: the slot whose turn it is gets its heartbeat and ping, and together with the
slot across it is checked for silence, stalling, its token and its age. So the work is spread
evenly, each stream is pinged every `beat_seconds` and checked twice as often, and there is no
timer per stream.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from websockets.datastructures import Headers

from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Goodbye, Report
from flaghoist_server.change.change import Change
from flaghoist_server.feed.environment import LiveEnvironment
from flaghoist_server.feed.feed import Feed
from flaghoist_server.fleet.fleet import Fleet
from flaghoist_server.hub.admission import Admission, Doorkeeper, Pass, Refused
from flaghoist_server.hub.histogram import Histogram
from flaghoist_server.hub.limits import StreamLimits
from flaghoist_server.hub.room import Room
from flaghoist_server.hub.stream import CloseCode, Phase, StreamProtocol
from flaghoist_server.hub.wire import text_frame

__all__ = ["CLOSE_SECONDS", "Hub", "HubStats"]

_SLOTS = 10
CLOSE_SECONDS = 3.0
"""From our close frame until the socket is closed, whether or not the peer has answered."""

_CLOSES_AT_ONCE = 200
_MOVES_WITHIN = 0.6
"""The share of the drain time within which SDKs are asked to move; the rest is for the late."""


class HubStats:
    """What has happened since the start; the metrics read it."""

    def __init__(self) -> None:
        self.handshakes: Counter[str] = Counter()
        self.closed: Counter[int] = Counter()
        self.diverged = 0
        self.push_seconds = Histogram()
        """From a change, as this server learns of it, to the last SDK's ack."""


class Hub:
    """`doorkeeper` knows the tokens; `clock` is monotonic."""

    def __init__(
        self,
        feed: Feed,
        fleet: Fleet,
        doorkeeper: Doorkeeper,
        limits: StreamLimits,
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self.stats = HubStats()
        self.admission = Admission(doorkeeper, limits, clock())
        self._feed = feed
        self._fleet = fleet
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._rooms: dict[str, Room] = {}
        self._wheel: list[dict[StreamProtocol, None]] = [{} for _ in range(_SLOTS)]
        self._streams: dict[StreamProtocol, int] = {}
        self._silent_yet: dict[StreamProtocol, float] = {}
        self._closing: dict[StreamProtocol, float] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._opened = 0
        self._slot = 0
        self._task: asyncio.Task[None] | None = None

    # Life.

    async def start(self) -> None:
        """Follow the feed and turn the wheel; streams are let in once `admission` is open."""
        self._feed.listen(self._changed)
        self._task = asyncio.create_task(self._turn_forever(), name="hub")

    async def drain(self, seconds: float) -> None:
        """Ask the SDKs to move, give them `seconds`, close what is left. Nobody is let in."""
        self.admission.closed = "the server is draining"
        goodbye = Goodbye("drain", int(seconds * _MOVES_WITHIN * 1000))
        frame = text_frame(encode(goodbye))
        for stream in self.live_streams():
            if not stream.blocked:
                stream.write(frame)
        await self._until_empty(seconds)
        await self._close_all()

    async def close(self) -> None:
        """End every stream now; closing twice is fine."""
        self.admission.closed = "the server has ended"
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for stream in list(self._streams):
            stream.abort()

    @property
    def connected(self) -> int:
        return len(self._streams)

    def live_streams(self) -> list[StreamProtocol]:
        return [stream for stream in self._streams if stream.phase is Phase.LIVE]

    def recheck_tokens(self) -> None:
        """Tokens have changed: streams whose token is no longer good are closed."""
        for stream in list(self._streams):
            self._check_token(stream)

    # What a stream calls.

    def clock(self) -> float:
        return self._clock()

    def admit(self, headers: Headers) -> Pass:
        """Raises: Refused."""
        granted = self.admission.admit(headers, len(self._streams), self.clock())
        if granted.environment not in self._feed.environments:
            raise Refused(503, "the token's environment is not loaded (yet)", retry_after=2)
        return granted

    def ask(self, headers: Headers, then: Callable[[], None]) -> None:
        """A token that is unknown here is looked for; `then` the stream tries again."""
        task = asyncio.create_task(self.admission.stranger(headers), name="stranger")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        task.add_done_callback(lambda _: then())

    def refused(self, refused: Refused) -> None:
        self.stats.handshakes[str(refused.status)] += 1

    def opened(self, stream: StreamProtocol, environment: str) -> Room:
        """101 was said. The stream says hello soon, or it is closed."""
        self.stats.handshakes["101"] += 1
        self._opened += 1
        slot = self._opened % _SLOTS
        self._streams[stream] = slot
        self._empty.clear()
        self._wheel[slot][stream] = None
        self._silent_yet[stream] = self.clock() + self._limits.hello_seconds
        return self._room(self._feed.environments[environment])

    def greeted(self, stream: StreamProtocol) -> None:
        """The stream has said hello."""
        self._silent_yet.pop(stream, None)

    def reported(self, stream: StreamProtocol, report: Report) -> None:
        """The SDK tells what it has evaluated, and which flags it has set aside."""
        assert stream.room is not None
        assert stream.member is not None
        room = stream.room
        stream.member.rejected = report.rejected
        room.group.counts.add(report.counts, room.live.state.flags)

    def diverged(self) -> None:
        """An SDK had other flags than it should have had at its position."""
        self.stats.diverged += 1

    def closing(self, stream: StreamProtocol) -> None:
        """A close frame went out; the peer has a moment to answer."""
        self._closing.setdefault(stream, self.clock() + CLOSE_SECONDS)

    def lost(self, stream: StreamProtocol) -> None:
        """The socket is closed."""
        slot = self._streams.pop(stream, None)
        if slot is None:
            return
        self.stats.closed[stream.close_code] += 1
        if not self._streams:
            self._empty.set()
        self._wheel[slot].pop(stream, None)
        self._silent_yet.pop(stream, None)
        self._closing.pop(stream, None)
        if stream.room is not None and stream.member is not None:
            stream.room.leave(stream)
            roster = stream.room.group.roster
            roster.leave(stream.member, self.clock(), farewell=stream.said_farewell)

    # Following the feed.

    def _room(self, live: LiveEnvironment) -> Room:
        room = self._rooms.get(live.name)
        if room is None:
            head = live.head
            group = self._fleet.group(live.name, head.epoch, head.version)
            room = self._rooms[live.name] = Room(live, group, self._limits.slice)
        return room

    def _changed(self, live: LiveEnvironment, changes: Sequence[Change]) -> None:
        """The feed has a new head. The fleet opens its receipts before anybody is told."""
        room, now = self._room(live), self.clock()
        roster, head = room.group.roster, live.head
        if head.epoch != roster.epoch:
            roster.restarted(head.epoch, head.version, now)
        for change in changes:
            if change.epoch == roster.epoch and change.version > roster.version:
                receipt = roster.changed(change.version, now)
                if receipt.pending:
                    receipt.when_done(partial(self._complete, live.name, now))
        room.moved()

    def _complete(self, environment: str, since: float) -> None:
        self.stats.push_seconds.observe(self.clock() - since)
        self._fleet.settled(environment)

    # The wheel.

    async def _turn_forever(self) -> None:
        while True:
            await asyncio.sleep(self._limits.beat_seconds / _SLOTS)
            self.turn()

    def turn(self) -> None:
        """A tenth of a beat has passed."""
        now = self.clock()
        self._slot = (self._slot + 1) % _SLOTS
        self._end_overdue(now)
        for stream in list(self._wheel[self._slot]):
            stream.beat()
            self._check(stream, now)
        for stream in list(self._wheel[self._slot - _SLOTS // 2]):
            self._check(stream, now)

    def _end_overdue(self, now: float) -> None:
        """Dictionaries keep the order in which deadlines were set, so the first is the earliest."""
        for stream in _due(self._silent_yet, now):
            stream.close(CloseCode.POLICY, "no hello in time")
        for stream in _due(self._closing, now):
            stream.abort()

    def _check(self, stream: StreamProtocol, now: float) -> None:
        if stream.is_silent():
            stream.abort()
        elif stream.is_stalled(now, self._limits.stalled_seconds):
            stream.close(CloseCode.TOO_SLOW, "too slow")
            stream.abort()  # the close frame is behind what the peer does not take
        else:
            self._check_token(stream)
            self._check_age(stream, now)

    def _check_token(self, stream: StreamProtocol) -> None:
        if not self._doorkeeper.holds(stream.token):
            stream.close(CloseCode.TOKEN_GONE, "the token was revoked or has expired")

    def _check_age(self, stream: StreamProtocol, now: float) -> None:
        limit = self._limits.max_age_seconds
        age = now - stream.opened_at
        if limit and stream.phase is Phase.LIVE and age >= limit:
            stream.opened_at = now  # said once; it has this long again to leave by itself
            stream.write(text_frame(encode(Goodbye("age", int(limit * 100)))))

    # Leaving.

    async def _until_empty(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()

    async def _close_all(self) -> None:
        for index, stream in enumerate(list(self._streams)):
            stream.close(CloseCode.RESTART, "the server is restarting")
            if index % _CLOSES_AT_ONCE == 0:
                await asyncio.sleep(0)
        await self._until_empty(CLOSE_SECONDS)
        for stream in list(self._streams):
            stream.abort()


def _due(deadlines: dict[StreamProtocol, float], now: float) -> Iterable[StreamProtocol]:
    due = []
    for stream, deadline in deadlines.items():
        if deadline > now:
            break
        due.append(stream)
    for stream in due:
        del deadlines[stream]
    return due
