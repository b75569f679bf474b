"""The server's end of a stream, and both ends against each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flaghoist.protocol.client_session import ClientSession, Position
from flaghoist.protocol.codec import encode, encode_ack
from flaghoist.protocol.messages import (
    Ack,
    Current,
    Delta,
    Full,
    Heartbeat,
    Hello,
    Report,
    Resync,
    ServerMessage,
)
from flaghoist.protocol.reactions import Build, Send, Swap
from flaghoist.protocol.server_session import (
    HELLO_SECONDS,
    MAX_CLIENT_FRAME,
    REPORTS_AT_ONCE,
    SILENCE_SECONDS,
    ServerSession,
    State,
    Violation,
)

HELLO = Hello("i-1", epoch="e1", version=7)


def live(now: float = 0.0) -> ServerSession:
    session = ServerSession(now)
    session.receive(encode(HELLO), now)
    return session


def test_hello_comes_first() -> None:
    """Hello makes the stream live and is handed on."""
    session = ServerSession(0.0)

    assert HELLO == session.receive(encode(HELLO), 1.0)
    assert session.state is State.LIVE


@pytest.mark.parametrize("message", [Ack("e1", 7), Resync("gap"), Report(1, {"a": {"on": 1}})])
def test_a_live_stream_hands_on(message: object) -> None:
    """Acks, resyncs and reports are what an SDK says."""
    assert message == live().receive(encode(message), 1.0)


VIOLATIONS: dict[str, tuple[bytes, int]] = {
    "a second hello": (encode(HELLO), 1008),
    "garbage": (b"\xff", 1008),
    "what only a server says": (encode(Heartbeat("e1", 1)), 1008),
    "too large": (b" " * (MAX_CLIENT_FRAME + 1), 1009),
}


@pytest.mark.parametrize("case", VIOLATIONS)
def test_a_violation_carries_its_close_code(case: str) -> None:
    """The stream is closed and says why; nothing is read from it afterwards."""
    frame, code = VIOLATIONS[case]
    session = live()

    with pytest.raises(Violation) as violation:
        session.receive(frame, 1.0)

    assert code == violation.value.code
    assert session.receive(encode_ack("e1", 7), 1.0) is None


BAD_HELLOS = {
    "no instance": Hello(""),
    "an instance without end": Hello("i" * 1000),
    "an app without end": Hello("i", app="a" * 1000),
    "a protocol that never was": Hello("i", protocol=0),
}


@pytest.mark.parametrize("case", BAD_HELLOS)
def test_a_hello_that_names_nobody_is_refused(case: str) -> None:
    """What the fleet view shows is bounded."""
    with pytest.raises(Violation):
        ServerSession(0.0).receive(encode(BAD_HELLOS[case]), 1.0)


def test_an_ack_before_hello_is_refused() -> None:
    """Nobody is in the fleet without having said who."""
    with pytest.raises(Violation, match="ack while awaiting hello"):
        ServerSession(0.0).receive(encode_ack("e1", 7), 1.0)


def test_a_newer_protocol_is_let_in() -> None:
    """An SDK that also speaks a newer protocol speaks ours with us."""
    assert ServerSession(0.0).receive(encode(Hello("i-1", protocol=9)), 1.0) is not None


def test_a_hello_that_never_comes_ends_the_connection() -> None:
    """Neither silence nor pongs hold a connection open without hello."""
    session = ServerSession(0.0)
    session.heard(4.0)

    with pytest.raises(Violation, match="no hello"):
        session.tick(HELLO_SECONDS)


def test_a_silent_sdk_ends_the_connection() -> None:
    """Pongs keep a stream alive; their absence ends it."""
    session = live()
    session.heard(20.0)
    session.tick(SILENCE_SECONDS + 1)

    with pytest.raises(Violation, match="nothing heard"):
        session.tick(20.0 + SILENCE_SECONDS)


def test_a_repeated_report_is_passed_over() -> None:
    """A sequence number that does not rise was counted before."""
    session = live()
    session.receive(encode(Report(2, {"a": {"on": 1}})), 1.0)

    assert session.receive(encode(Report(2, {"a": {"on": 1}})), 2.0) is None


def test_a_flood_of_reports_is_a_violation() -> None:
    """A few at once are fine after a reconnect, a flood is not."""
    session = live()
    for sequence in range(1, int(REPORTS_AT_ONCE) + 1):
        session.receive(encode(Report(sequence)), 1.0)

    with pytest.raises(Violation, match="reports"):
        session.receive(encode(Report(99)), 1.0)


def test_reports_once_a_second_are_never_too_many() -> None:
    """An SDK that keeps to its rhythm can report for ever."""
    session = live()

    last = [session.receive(encode(Report(n)), float(n)) for n in range(1, 200)][-1]

    assert Report(199) == last


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_both_ends_agree_through_any_run_of_changes(losses: list[int]) -> None:
    """Whatever deltas get lost, the SDK ends where the server is, and has said so."""
    server, version = ServerSession(0.0), 1
    client, have = ClientSession(Hello("i-1"), 0.0), Position()
    acked = 0

    def deliver(message: ServerMessage) -> None:
        nonlocal have, acked
        effects = client.receive(encode(message), have, 0.0)
        while effects:
            effect = effects.pop(0)
            if isinstance(effect, Build):
                effects += client.built(effect.message.hash, have, 0.0)
                target = Position("p", effect.message.epoch, effect.message.version)
            elif isinstance(effect, Swap):
                have = target
            elif isinstance(effect, Send):
                said = server.receive(effect.data, 0.0)
                if isinstance(said, Resync):
                    deliver(Full("p", "e1", version, f"h{version}"))
                elif isinstance(said, Ack):
                    acked = said.version

    server.receive(client.hello(), 0.0)
    deliver(Full("p", "e1", version, "h1"))
    for loss in losses[:3]:
        base, version = version + loss, version + loss + 1
        deliver(Delta("e1", base, version, f"h{version}"))
    deliver(Heartbeat("e1", version))

    assert version == have.version == acked


def test_a_hello_with_a_position_may_be_answered_by_current() -> None:
    """The shortest exchange: hello, current, ack."""
    have = Position("p", "e1", 7, "h")
    server, client = ServerSession(0.0), ClientSession(HELLO, 0.0)

    server.receive(client.hello(), 0.0)
    effects = client.receive(encode(Current("e1", 7, "h")), have, 0.0)

    assert Ack("e1", 7) == server.receive(effects[0].data, 0.0)
