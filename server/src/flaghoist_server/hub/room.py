"""The streams of one environment, and how a change gets to all of them.

Rules: nothing is queued. What a stream is owed is not stored anywhere: it follows from the
position that was last written to it (`sent`) and the environment's head. So a slow reader costs
one position, and what it gets when it reads again is one frame, however much has happened.

Theory. A *lap* goes once around all streams and brings each to the head; a change that comes in
the middle of a lap lengthens it to a whole one from where it is. A lap is cut into slices between
which the loop breathes: acks come in and frames go out while later streams are still to be
written to. Streams at the same position are owed the same bytes, which are made once.

The list of streams has no order that matters: who leaves is replaced by the last one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from flaghoist.protocol.codec import encode, encode_ack
from flaghoist.protocol.messages import Heartbeat
from flaghoist_server.feed.environment import LiveEnvironment
from flaghoist_server.fleet.fleet import Group
from flaghoist_server.hub.wire import PING, text_frame

__all__ = ["Position", "Room", "Stream"]

Position = tuple[str, int]
"""(epoch, version)."""

_NOWHERE: Position = ("", 0)

_FRAMES_KEPT = 16
"""Positions for which the frame to the head is kept. Nearly all streams are at one of two; an
SDK may claim any position, and each unknown one costs a copy of everything."""


class Stream(Protocol):
    """What a room knows of a stream. `sent` None: it has said no hello, so it is owed nothing."""

    seat: int
    sent: Position | None
    blocked: bool

    def write(self, data: bytes) -> None: ...


class Room:
    """`streams` of the environment `live`; `group` is its fleet."""

    def __init__(
        self,
        live: LiveEnvironment,
        group: Group,
        slice_size: int,
        soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self.live = live
        self.group = group
        self.streams: list[Stream] = []
        self._slice_size = slice_size
        self._soon = soon or asyncio.get_running_loop().call_soon
        self._cursor = 0
        self._left_to_do = 0
        self._look_at_head()

    def enter(self, stream: Stream) -> None:
        stream.seat = len(self.streams)
        self.streams.append(stream)

    def leave(self, stream: Stream) -> None:
        """Take it out. The stream that takes its seat may lie behind the cursor: it is served."""
        last = self.streams.pop()
        if last is not stream:
            self.streams[stream.seat] = last
            last.seat = stream.seat
            self.bring(last)

    def moved(self) -> None:
        """The environment has another head: bring it to everybody."""
        self._look_at_head()
        running = self._left_to_do > 0
        self._left_to_do = len(self.streams)
        if not running and self._left_to_do:
            self._slice()

    def bring(self, stream: Stream) -> None:
        """Write to the stream what it is owed, unless it takes nothing now."""
        sent = stream.sent
        if sent is self.head or sent is None or stream.blocked:
            return
        stream.sent = self.head
        stream.write(self._frame_from(sent))

    def send_full(self, stream: Stream) -> None:
        """Write everything, whatever it has."""
        stream.sent = self.head
        stream.write(self._frame_from(_NOWHERE))

    def _look_at_head(self) -> None:
        head = self.live.head
        self.head: Position = (head.epoch, head.version)
        self.expected_ack = encode_ack(head.epoch, head.version)
        beat = Heartbeat(head.epoch, head.version, self.live.hash)
        self.beat = text_frame(encode(beat)) + PING
        self._frames: dict[Position, bytes] = {}

    def _frame_from(self, base: Position) -> bytes:
        if base[0] != self.head[0]:
            base = _NOWHERE  # all strangers get the same
        frame = self._frames.get(base)
        if frame is None:
            frame = text_frame(self.live.frame_since(*base))
            if len(self._frames) < _FRAMES_KEPT:
                self._frames[base] = frame
        return frame

    def _slice(self) -> None:
        for _ in range(min(self._slice_size, self._left_to_do)):
            if self._cursor >= len(self.streams):
                self._cursor = 0
                if not self.streams:
                    self._left_to_do = 0
                    return
            self.bring(self.streams[self._cursor])
            self._cursor += 1
            self._left_to_do -= 1
        if self._left_to_do:
            self._soon(self._slice)
