"""One SDK's stream, beneath ASGI: an asyncio protocol that owns the socket after the upgrade.

Rules: this is a shell. Websocket framing is websockets' (`ServerProtocol`), what the SDK may say
is `flaghoist.protocol.server_session`'s, who may come in is `admission`'s, what is owed to it is
its `room`'s. Here bytes go in and out, and the connection is opened and closed.

    SHAKING   the request has not been answered
    OPEN      101 was said; hello is owed within `hello_seconds`
    LIVE      in the fleet: it gets every change and acknowledges it
    CLOSED    a close frame went out, or the socket is gone; nothing is read any more

Frames are handed to `ServerProtocol` whole, so it always stands between two frames, and a frame
that is plain (see `wire`) can go past it without its noticing.

An SDK is alive while bytes come. `heard` is set by any byte and looked at by `check` every five
seconds; the ping of every ten makes a living peer speak, and three looks in vain end the stream:
15 to 20 s after the last byte, well within the 25 s that are promised.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import Enum
from typing import Protocol, cast

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from flaghoist.protocol.codec import parse_ack
from flaghoist.protocol.messages import Ack, Hello, Report, Resync
from flaghoist.protocol.server_session import ServerSession, Violation
from flaghoist_server.fleet.member import Member
from flaghoist_server.hub.admission import Pass, Refused
from flaghoist_server.hub.limits import MAX_HANDSHAKE, MAX_INBOUND
from flaghoist_server.hub.refusal import refusal
from flaghoist_server.hub.room import Position, Room
from flaghoist_server.hub.wire import is_pong, is_unfinished, plain_text, whole_frames

__all__ = ["STREAM_PATH", "CloseCode", "Owner", "Phase", "StreamProtocol"]

STREAM_PATH = "/sdk/v1/stream"

_log = logging.getLogger("flaghoist.hub")
_websocket_log = logging.getLogger("flaghoist.websocket")
_websocket_log.setLevel(logging.WARNING)  # it would log every connection, and frames at debug


class CloseCode:
    """Why a stream was closed (RFC 6455 §7.4; 4000 and above are ours)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    NOT_TEXT = 1003
    ABNORMAL = 1006
    POLICY = 1008
    TOO_BIG = 1009
    RESTART = 1012
    TOO_SLOW = 1013
    TOKEN_GONE = 4401


_FAREWELLS = (CloseCode.NORMAL, CloseCode.GOING_AWAY)
_SILENT_CHECKS = 3
_RESYNCS_AT_ONCE = 20


class Phase(Enum):
    SHAKING = 0
    OPEN = 1
    LIVE = 2
    CLOSED = 3


class Owner(Protocol):
    """What a stream tells, and asks of, the hub that it belongs to."""

    def clock(self) -> float: ...
    def admit(self, headers: Headers) -> Pass: ...
    def ask(self, headers: Headers, then: Callable[[], None]) -> None: ...
    def refused(self, refused: Refused) -> None: ...
    def opened(self, stream: StreamProtocol, environment: str) -> Room: ...
    def greeted(self, stream: StreamProtocol) -> None: ...
    def reported(self, stream: StreamProtocol, report: Report) -> None: ...
    def diverged(self) -> None: ...
    def closing(self, stream: StreamProtocol) -> None: ...
    def lost(self, stream: StreamProtocol) -> None: ...


class StreamProtocol(asyncio.Protocol):
    """`seat`, `sent` and `blocked` are the room's; `token` is the id of the one it came with."""

    __slots__ = (
        "_conn",
        "_heard",
        "_hub",
        "_message",
        "_phase",
        "_rest",
        "_resyncs",
        "_room",
        "_session",
        "_silent",
        "_unfinished",
        "blocked",
        "blocked_at",
        "buffered",
        "close_code",
        "member",
        "opened_at",
        "seat",
        "sent",
        "token",
        "transport",
    )

    def __init__(self, hub: Owner) -> None:
        self._hub = hub
        self._phase = Phase.SHAKING
        self._conn = ServerProtocol(max_size=MAX_INBOUND, logger=_websocket_log)
        self._session = ServerSession(hub.clock())
        self._room: Room | None = None
        self._rest = b""
        self._message = b""
        self._unfinished = False
        self._heard = True
        self._silent = 0
        self._resyncs = 0
        self.member: Member | None = None
        self.seat = -1
        self.sent: Position | None = None
        self.blocked = False
        self.blocked_at = 0.0
        self.buffered = 0
        self.close_code = CloseCode.ABNORMAL
        self.opened_at = hub.clock()
        self.token = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._phase = Phase.CLOSED
        self._hub.lost(self)

    def eof_received(self) -> None:
        """The transport closes itself."""

    def pause_writing(self) -> None:
        self.blocked = True
        self.blocked_at = self._hub.clock()
        self.buffered = self.transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        self.blocked = False
        if self._room is not None:
            self._room.bring(self)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._phase is Phase.LIVE and not self._rest and self._is_ack(data):
            return
        if self._phase is Phase.SHAKING:
            self._shake(data)
        else:
            frames, self._rest = whole_frames(self._rest + data, MAX_INBOUND)
            for frame in frames:
                self._take(frame)

    def shutdown(self) -> None:
        """uvicorn is leaving; the hub has drained by now, unless it was in a hurry."""
        self.close(CloseCode.RESTART)

    # What the hub calls.

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def room(self) -> Room | None:
        return self._room

    @property
    def said_farewell(self) -> bool:
        """The SDK has closed the stream by itself and in order: its process is ending."""
        close = self._conn.close_rcvd
        ours = self._conn.close_rcvd_then_sent is False
        return close is not None and not ours and close.code in _FAREWELLS

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def beat(self) -> None:
        """Say that we are here, and make the SDK say so too."""
        if self._phase is Phase.LIVE and not self.blocked:
            assert self._room is not None
            self.transport.write(self._room.beat)

    def is_silent(self) -> bool:
        """To be called every five seconds; true once the peer has been silent for three times."""
        self._silent = 0 if self._heard else self._silent + 1
        self._heard = False
        return self._silent >= _SILENT_CHECKS

    def is_stalled(self, now: float, seconds: float) -> bool:
        """Whether the peer has taken nothing for so long; what it takes restarts the time."""
        if not self.blocked:
            return False
        buffered = self.transport.get_write_buffer_size()
        if buffered < self.buffered:
            self.buffered, self.blocked_at = buffered, now
        return now - self.blocked_at >= seconds

    def close(self, code: int, reason: str = "") -> None:
        """Say why, wait a moment for the peer's answer, close."""
        if self._phase is Phase.CLOSED:
            return
        if self._phase is Phase.SHAKING:
            self.transport.close()
            return
        self._phase = Phase.CLOSED
        self.close_code = code
        self._conn.send_close(code, reason)
        self.transport.write(b"".join(self._conn.data_to_send()))
        self._hub.closing(self)

    def abort(self) -> None:
        """Close the socket now, whatever is still to be written."""
        self.transport.abort()

    # The handshake.

    def _shake(self, data: bytes) -> None:
        if len(data) > MAX_HANDSHAKE:
            self._refuse(Refused(431, f"a handshake has at most {MAX_HANDSHAKE} bytes"))
            return
        self._conn.receive_data(data)
        request = next((e for e in self._conn.events_received() if isinstance(e, Request)), None)
        if request is None:
            self._refuse(Refused(400, "this is no websocket handshake"))
        elif request.path.partition("?")[0] != STREAM_PATH:
            self._refuse(Refused(404, f"the only websocket here is {STREAM_PATH}"))
        else:
            self._admit(request)

    def _admit(self, request: Request, *, asked: bool = False) -> None:
        """`asked`: whether the token was looked for everywhere; an unknown one is, once."""
        if self._phase is not Phase.SHAKING:  # gone meanwhile
            return
        if asked:
            self.transport.resume_reading()
        try:
            granted = self._hub.admit(request.headers)
        except Refused as refused:
            if refused.status == 401 and not asked:
                self.transport.pause_reading()  # nobody may speak before 101
                self._hub.ask(request.headers, lambda: self._admit(request, asked=True))
            else:
                self._refuse(refused)
            return
        response = self._conn.accept(request)
        if response.status_code != 101:
            self._refuse(Refused(response.status_code, response.body.decode().strip()))
            return
        self._conn.send_response(response)
        self.transport.write(b"".join(self._conn.data_to_send()))
        self._phase = Phase.OPEN
        self.token = granted.token
        self._room = self._hub.opened(self, granted.environment)

    def _refuse(self, refused: Refused) -> None:
        self._phase = Phase.CLOSED
        self._hub.refused(refused)
        self.transport.write(refusal(refused))
        self.transport.close()

    # What the SDK says.

    def _is_ack(self, frame: bytes) -> bool:
        """The plain case: one whole ack, of the head or of something else, and nothing but that."""
        if self._unfinished or len(frame) < 6 or frame[1] + 6 - 0x80 != len(frame):
            return False
        payload = plain_text(frame)
        if payload is None:
            return False
        room = self._room
        assert room is not None
        position = room.head if payload == room.expected_ack else parse_ack(payload)
        if position is None:
            return False
        self._acknowledged(*position)
        return True

    def _take(self, frame: bytes) -> None:
        if is_pong(frame) or (self._phase is Phase.LIVE and self._is_ack(frame)):
            return
        self._unfinished = is_unfinished(frame, self._unfinished)
        self._conn.receive_data(frame)
        for event in self._conn.events_received():
            assert isinstance(event, Frame)
            self._read(event)
        if output := b"".join(self._conn.data_to_send()):
            self.transport.write(output)
        if self._conn.eof_sent:
            self._ended()

    def _ended(self) -> None:
        """The closing handshake is complete, or the peer broke the framing and was told so."""
        if self._phase is not Phase.CLOSED and self._conn.close_sent is not None:
            self.close_code = self._conn.close_sent.code
        self._phase = Phase.CLOSED
        if self._conn.close_rcvd is not None:
            self.transport.close()
        else:  # it is still sending: closed now, the socket would be reset and our word lost
            self._hub.closing(self)

    def _read(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.CONT) and self._phase is not Phase.CLOSED:
            self._message += frame.data
            if len(self._message) > MAX_INBOUND:
                self.close(CloseCode.TOO_BIG, f"a message has at most {MAX_INBOUND} bytes")
            elif frame.fin:
                message, self._message = self._message, b""
                self._hear(message)
        elif frame.opcode is Opcode.BINARY:
            self.close(CloseCode.NOT_TEXT, "messages are text")

    def _hear(self, message: bytes) -> None:
        now = self._hub.clock()
        try:
            said = self._session.receive(message, now)
        except Violation as violation:
            self.close(violation.code, str(violation)[:120])
            return
        if isinstance(said, Ack):
            self._acknowledged(said.epoch, said.version)
        elif isinstance(said, Report):
            self._hub.reported(self, said)
        elif isinstance(said, Hello):
            self._hello(said, now)
        elif isinstance(said, Resync):
            self._resync(said)

    def _hello(self, hello: Hello, now: float) -> None:
        room = self._room
        assert room is not None
        self._phase = Phase.LIVE
        self.member = room.group.roster.join(hello, now)
        room.enter(self)
        self._hub.greeted(self)
        diverged = hello.hash and (hello.epoch, hello.version) == room.head
        if diverged and hello.hash != room.live.hash:
            self._hub.diverged()
            room.send_full(self)
            return
        self.sent = (hello.epoch, hello.version)
        room.bring(self)

    def _resync(self, resync: Resync) -> None:
        room = self._room
        assert room is not None
        self._resyncs += 1
        self._hub.diverged()
        told = {"action": "resync", "because": resync.reason[:200]}
        _log.info("an SDK asks for everything", extra=told)
        if self._resyncs > _RESYNCS_AT_ONCE:
            self.close(CloseCode.POLICY, "resync again and again")
        else:
            room.send_full(self)

    def _acknowledged(self, epoch: str, version: int) -> None:
        assert self._room is not None
        assert self.member is not None
        self._room.group.roster.acknowledged(self.member, epoch, version, self._hub.clock())
