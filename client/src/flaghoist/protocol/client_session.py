"""The SDK's end of one stream: feed it frames, get effects. It never touches a socket.

Rules: no socket, no clock (`now` is passed in, seconds on any monotonic scale), no snapshot. What
is done about what is found stands in `reactions`; here is the judging, and a driver that looks up
and carries out.

One session is one connection. What the SDK *has* (`Position`) is passed in with each frame,
because during a move two sessions are open and share it: news that came first on the other one
is *repeated* here, and acknowledged here too, since each server waits for its own ack.
"""

from __future__ import annotations

import msgspec

from flaghoist.protocol.codec import (
    ProtocolError,
    decode_server_message,
    encode,
    encode_ack,
)
from flaghoist.protocol.messages import (
    Current,
    Delta,
    Full,
    Goodbye,
    Hello,
    Resync,
    ServerMessage,
)
from flaghoist.protocol.reactions import (
    REACTIONS,
    RESYNC_LIMIT,
    UNBUILDABLE,
    UNREMARKABLE,
    Build,
    Effect,
    Finding,
    Leave,
    Move,
    Note,
    Reaction,
    Send,
    State,
    Swap,
)

__all__ = ["ANSWER_SECONDS", "SILENCE_SECONDS", "ClientSession", "Position"]

SILENCE_SECONDS = 22.0
"""Heartbeats come every 10 s. Two may be missed; a dead peer is found well within 25 s."""

ANSWER_SECONDS = 20.0
"""The longest wait for the answer to a hello or a resync; 32 MiB at 16 Mbit/s take 17 s."""


class Position(msgspec.Struct, frozen=True):
    """What the SDK has. An empty epoch: nothing that came from a server yet."""

    environment: str = ""
    epoch: str = ""
    version: int = 0
    hash: str = ""


class ClientSession:
    """One stream as the SDK sees it.

    Send `hello()` first. Then call `receive` with each frame and `tick` at `deadline` at the
    latest, and carry out what they return, in order. After a `Build`, call `built` before the
    next `receive`.
    """

    def __init__(self, hello: Hello, now: float) -> None:
        self.state = State.OPENING
        self._hello = hello
        self._heard = now
        self._owed_since = now
        self._resyncs = 0
        self._message: ServerMessage | None = None

    def hello(self) -> bytes:
        """The first frame to send."""
        return encode(self._hello)

    @property
    def deadline(self) -> float:
        """When `tick` is to be called at the latest."""
        if self._is_owed:
            return self._owed_since + ANSWER_SECONDS
        return self._heard + SILENCE_SECONDS

    @property
    def _is_owed(self) -> bool:
        return self.state in (State.OPENING, State.RESYNCING)

    def tick(self, have: Position, now: float) -> list[Effect]:
        """What the passing of time alone brings about."""
        if self.state is State.LEFT or now < self.deadline:
            return []
        if self._is_owed:
            return self._react(Finding.SILENT, have, now, f"no answer in {ANSWER_SECONDS:.0f} s")
        return self._react(Finding.SILENT, have, now, f"no heartbeat in {SILENCE_SECONDS:.0f} s")

    def receive(self, data: bytes | str, have: Position, now: float) -> list[Effect]:
        """What one frame brings about, for an SDK that has `have`."""
        if self.state is State.LEFT:
            return []
        self._heard = now
        try:
            message = decode_server_message(data)
        except ProtocolError as error:
            return self._react(Finding.MALFORMED, have, now, str(error))
        if message is None:
            return self._react(Finding.UNKNOWN, have, now, "the server is newer than this SDK")
        self._message = message
        return self._react(self._judge(message, have), have, now, _place(message, have))

    def built(self, digest: str, have: Position, now: float) -> list[Effect]:
        """What was asked for by `Build` has the state hash `digest`."""
        message = self._message
        if self.state is State.LEFT or not isinstance(message, Full | Delta):
            return []
        if digest == (message.hash or digest) and digest != UNBUILDABLE:
            effects = self._react(Finding.SOUND, have, now, _place(message, have))
        else:
            detail = f"{_place(message, have)}: hash {digest}, announced {message.hash}"
            effects = self._react(Finding.CORRUPT, have, now, detail)
        self._message = None  # it holds the bytes of every flag
        return effects

    def _judge(self, message: ServerMessage, have: Position) -> Finding:
        if isinstance(message, Goodbye):
            return Finding.GOODBYE
        if isinstance(message, Full):
            return self._judge_full(message, have)
        if isinstance(message, Delta):
            return _judge_delta(message, have)
        if message.epoch != have.epoch or message.version > have.version:
            return Finding.GAP
        if message.version < have.version:
            overtaken = isinstance(message, Current) and not self._was_ahead(message)
            return Finding.REPEATED if overtaken else Finding.BEHIND
        if message.hash and have.hash and message.hash != have.hash:
            return Finding.DIVERGED
        return Finding.CURRENT

    def _judge_full(self, message: Full, have: Position) -> Finding:
        if have.environment and message.environment != have.environment:
            return Finding.FOREIGN
        if message.epoch != have.epoch or message.version >= have.version:
            return Finding.WHOLE
        return Finding.BEHIND if self._was_ahead(message) else Finding.REPEATED

    def _was_ahead(self, message: Full | Current) -> bool:
        """Whether the SDK was ahead when it said hello, not only since (by another stream)."""
        return self._hello.epoch == message.epoch and self._hello.version > message.version

    def _react(self, finding: Finding, have: Position, now: float, detail: str) -> list[Effect]:
        reaction, then = REACTIONS[self.state][finding]
        if reaction is Reaction.RESYNC and self._resyncs == RESYNC_LIMIT:
            reaction, then = Reaction.LEAVE, State.LEFT
        self.state = then or self.state
        if reaction is Reaction.RESYNC:
            self._resyncs += 1
            self._owed_since = now
        notes: list[Effect] = [] if finding in UNREMARKABLE else [Note(finding, detail)]
        return notes + self._carry_out(reaction, finding, have, detail)

    def _carry_out(
        self, reaction: Reaction, finding: Finding, have: Position, detail: str
    ) -> list[Effect]:
        match reaction, self._message:
            case Reaction.BUILD, Full() | Delta() as message:
                return [Build(message)]
            case Reaction.SWAP, Full() | Delta() as message:
                new_epoch = bool(have.epoch) and message.epoch != have.epoch
                return [Swap(new_epoch), Send(encode_ack(message.epoch, message.version))]
            case Reaction.ACK, _:
                return [Send(encode_ack(have.epoch, have.version))]
            case Reaction.RESYNC, _:
                return [Send(encode(Resync(f"{finding.value}: {detail}")))]
            case Reaction.MOVE, Goodbye() as message:
                return [Move(message.spread_ms, message.reason)]
            case Reaction.LEAVE, _:
                return [Leave(finding, detail)]
            case _:
                return []


def _judge_delta(message: Delta, have: Position) -> Finding:
    if message.epoch != have.epoch:
        return Finding.GAP
    if message.version <= have.version:
        return Finding.REPEATED
    return Finding.NEXT if message.base == have.version else Finding.GAP


def _place(message: ServerMessage, have: Position) -> str:
    """Where the two stand, for people."""
    if isinstance(message, Goodbye):
        return message.reason
    theirs = f"the server is at {message.epoch}.{message.version}"
    return f"{theirs}, this SDK at {have.epoch or 'nothing'}.{have.version}"
