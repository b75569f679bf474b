"""The server's end of one stream: feed it what an SDK sends, get events. It touches no socket.

Rules: no socket, no clock (`now` is passed in), no frame for sending: those are encoded once for
all connections, by the hub. One session is one connection.

Theory. The SDK says hello, once and first; from then on it acknowledges, reports, and may ask for
a snapshot. `ALLOWED` is the whole table; whatever is not in it, or too late, or too much of it, is
a `Violation` that carries the close code. The caller must then close the connection with it.

    AWAITING_HELLO  authenticated, nothing said; hello is owed within `HELLO_SECONDS`
    LIVE            in the fleet
    CLOSED          nothing is read any more
"""

from __future__ import annotations

from enum import Enum

from flaghoist.protocol.codec import ProtocolError, decode_client_message, parse_ack
from flaghoist.protocol.messages import Ack, ClientMessage, Hello, Report, Resync

__all__ = [
    "ALLOWED",
    "HELLO_SECONDS",
    "MAX_CLIENT_FRAME",
    "SILENCE_SECONDS",
    "ServerSession",
    "State",
    "Violation",
]

HELLO_SECONDS = 5.0
SILENCE_SECONDS = 25.0
"""The server pings every 10 s; a peer that answers none of two is gone."""

MAX_CLIENT_FRAME = 65_536
"""A report of 1,000 flags is about 40 kB; the SDK splits what is larger."""

REPORTS_PER_SECOND = 2.0
REPORTS_AT_ONCE = 20.0
"""An SDK reports once a second; after a reconnect it may have a few to catch up on."""

_NAME_LIMIT = 200

POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009


class State(Enum):
    AWAITING_HELLO = "awaiting hello"
    LIVE = "live"
    CLOSED = "closed"


ALLOWED: dict[State, dict[type[ClientMessage], State]] = {
    State.AWAITING_HELLO: {Hello: State.LIVE},
    State.LIVE: {Ack: State.LIVE, Resync: State.LIVE, Report: State.LIVE},
    State.CLOSED: {},
}
"""state -> message -> next state."""


class Violation(Exception):
    """The SDK broke the protocol. Close the connection with `code` and `str(violation)`."""

    def __init__(self, reason: str, code: int = POLICY_VIOLATION) -> None:
        super().__init__(reason)
        self.code = code


class ServerSession:
    """One stream as the server sees it.

    Call `receive` with each text frame, `heard` when a pong comes, and `tick` at `deadline` at
    the latest. Each may raise `Violation`.
    """

    __slots__ = ("_heard", "_report_budget", "_reported", "_sequence", "state")

    def __init__(self, now: float) -> None:
        self.state = State.AWAITING_HELLO
        self._heard = now
        self._sequence = 0
        self._reported = now
        self._report_budget = REPORTS_AT_ONCE

    @property
    def deadline(self) -> float:
        """When `tick` is to be called at the latest."""
        patience = HELLO_SECONDS if self.state is State.AWAITING_HELLO else SILENCE_SECONDS
        return self._heard + patience

    def heard(self, now: float) -> None:
        """A sign of life that is no message. It does not stand in for a hello."""
        if self.state is State.LIVE:
            self._heard = now

    def tick(self, now: float) -> None:
        """Raises: Violation when the SDK has been silent for too long."""
        if self.state is State.CLOSED or now < self.deadline:
            return
        owed = "no hello" if self.state is State.AWAITING_HELLO else "nothing heard"
        raise self._violation(f"{owed} for {now - self._heard:.0f} s")

    def receive(self, data: bytes | str, now: float) -> ClientMessage | None:
        """The message, or `None` for one to pass over (a newer type, a repeated report).

        Raises: Violation.
        """
        if self.state is State.CLOSED:
            return None
        message = self._decode(data)
        if message is None:
            self.heard(now)
            return None
        self._enter(message)
        self._heard = now
        return self._fresh(message, now) if isinstance(message, Report) else message

    def _decode(self, data: bytes | str) -> ClientMessage | None:
        if len(data) > MAX_CLIENT_FRAME:
            reason = f"a frame of {len(data)} bytes; at most {MAX_CLIENT_FRAME} are read"
            raise self._violation(reason, MESSAGE_TOO_BIG)
        raw = data.encode() if isinstance(data, str) else data
        ack = parse_ack(raw)
        if ack is not None:
            return Ack(*ack)
        try:
            return decode_client_message(raw)
        except ProtocolError as error:
            raise self._violation(str(error)) from error

    def _enter(self, message: ClientMessage) -> None:
        then = ALLOWED[self.state].get(type(message))
        if then is None:
            kind = type(message).__name__.lower()
            raise self._violation(f"{kind} while {self.state.value}")
        if isinstance(message, Hello):
            self._check(message)
        self.state = then

    def _check(self, hello: Hello) -> None:
        names = (hello.instance, hello.sdk, hello.sdk_version, hello.app, hello.build)
        if not hello.instance or max(map(len, names)) > _NAME_LIMIT:
            raise self._violation(f"hello needs an instance; names of at most {_NAME_LIMIT}")
        if hello.protocol < 1:
            raise self._violation(f"protocol {hello.protocol} was never spoken")

    def _fresh(self, report: Report, now: float) -> Report | None:
        earned = (now - self._reported) * REPORTS_PER_SECOND
        self._report_budget = min(REPORTS_AT_ONCE, self._report_budget + earned) - 1
        self._reported = now
        if self._report_budget < 0:
            raise self._violation("more than two reports a second")
        if report.sequence <= self._sequence:
            return None
        self._sequence = report.sequence
        return report

    def _violation(self, reason: str, code: int = POLICY_VIOLATION) -> Violation:
        self.state = State.CLOSED
        return Violation(reason, code)
