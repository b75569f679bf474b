"""The SDK's end of a stream, fed frame by frame with a clock of its own."""

from __future__ import annotations

import msgspec
import pytest

from flaghoist.protocol.client_session import (
    ANSWER_SECONDS,
    SILENCE_SECONDS,
    ClientSession,
    Position,
)
from flaghoist.protocol.codec import decode_client_message, encode
from flaghoist.protocol.messages import (
    Ack,
    Current,
    Delta,
    Full,
    Goodbye,
    Heartbeat,
    Hello,
    Resync,
    ServerMessage,
)
from flaghoist.protocol.reactions import (
    RESYNC_LIMIT,
    UNBUILDABLE,
    Build,
    Effect,
    Finding,
    Leave,
    Move,
    Note,
    Send,
    State,
    Swap,
)

NOTHING = Position()
AT_7 = Position("production", "e1", 7, "h7")


def session(have: Position = AT_7, now: float = 0.0) -> ClientSession:
    return ClientSession(Hello("i-1", epoch=have.epoch, version=have.version), now)


def live(have: Position = AT_7, now: float = 0.0) -> ClientSession:
    opened = session(have, now)
    opened.receive(encode(Current(have.epoch, have.version, have.hash)), have, now)
    return opened


def sent(effects: list[Effect]) -> list[object]:
    return [decode_client_message(effect.data) for effect in effects if isinstance(effect, Send)]


def findings(effects: list[Effect]) -> list[Finding]:
    return [effect.finding for effect in effects if isinstance(effect, Note)]


def full(
    version: int, digest: str = "", epoch: str = "e1", environment: str = "production"
) -> Full:
    return Full(environment, epoch, version, digest, {"a": (version, msgspec.Raw(b"{}"))})


def test_hello_carries_what_the_sdk_has() -> None:
    """The first frame is the hello that the session was made with."""
    hello = decode_client_message(session().hello())

    assert Hello("i-1", epoch="e1", version=7) == hello


def test_a_first_full_snapshot_is_built_then_swapped_in_and_acknowledged() -> None:
    """From nothing to live in one frame, and not before the hash was compared."""
    opening = session(NOTHING)
    message = full(3, "h3")

    built = opening.receive(encode(message), NOTHING, 1.0)
    swapped = opening.built("h3", NOTHING, 1.1)

    assert [Build(message)] == built
    assert [Swap(), Send(encode(Ack("e1", 3)))] == swapped
    assert opening.state is State.LIVE


def test_current_is_acknowledged() -> None:
    """A server that stands where the SDK stands learns that the SDK stands there."""
    opening = session()

    effects = opening.receive(encode(Current("e1", 7, "h7")), AT_7, 1.0)

    assert [Send(encode(Ack("e1", 7)))] == effects
    assert opening.state is State.LIVE


def test_a_delta_that_fits_is_built() -> None:
    """A delta from the SDK's version leads to the next."""
    delta = Delta("e1", 7, 9, "h9")
    stream = live()

    built = stream.receive(encode(delta), AT_7, 1.0)
    swapped = stream.built("h9", AT_7, 1.0)

    assert [Build(delta)] == built
    assert [Swap(), Send(encode(Ack("e1", 9)))] == swapped


ASKING_FOR_A_SNAPSHOT: dict[str, tuple[ServerMessage, Finding]] = {
    "delta from a later version": (Delta("e1", 8, 9), Finding.GAP),
    "delta from an earlier version": (Delta("e1", 6, 9), Finding.GAP),
    "delta of another epoch": (Delta("e2", 7, 8), Finding.GAP),
    "heartbeat of another epoch": (Heartbeat("e2", 1), Finding.GAP),
    "heartbeat ahead": (Heartbeat("e1", 8), Finding.GAP),
    "current ahead": (Current("e1", 8), Finding.GAP),
    "heartbeat with another hash": (Heartbeat("e1", 7, "x"), Finding.DIVERGED),
    "current with another hash": (Current("e1", 7, "x"), Finding.DIVERGED),
}


@pytest.mark.parametrize("case", ASKING_FOR_A_SNAPSHOT)
def test_what_does_not_fit_asks_for_a_snapshot(case: str) -> None:
    """Something is missing, or differs: the whole is asked for, the old stays."""
    message, finding = ASKING_FOR_A_SNAPSHOT[case]
    stream = live()

    effects = stream.receive(encode(message), AT_7, 1.0)

    assert [finding] == findings(effects)
    assert [Resync] == [type(message) for message in sent(effects)]
    assert stream.state is State.RESYNCING


LEAVING: dict[str, tuple[bytes, Finding]] = {
    "garbage": (b"\x00\xff", Finding.MALFORMED),
    "cut short": (encode(full(8))[:-5], Finding.MALFORMED),
    "no type": (b"{}", Finding.MALFORMED),
    "a heartbeat behind": (encode(Heartbeat("e1", 6)), Finding.BEHIND),
    "a full snapshot behind": (encode(full(6)), Finding.BEHIND),
    "another environment": (encode(full(8, environment="staging")), Finding.FOREIGN),
}


@pytest.mark.parametrize("state", ["opening", "live", "resyncing"])
@pytest.mark.parametrize("case", LEAVING)
def test_a_stream_that_cannot_be_right_is_left(case: str, state: str) -> None:
    """Nothing is applied, the stream is given up, and later frames on it are not obeyed."""
    frame, finding = LEAVING[case]
    stream = session() if state == "opening" else live()
    if state == "resyncing":
        stream.receive(encode(Heartbeat("e1", 8)), AT_7, 1.0)

    effects = stream.receive(frame, AT_7, 1.0)
    afterwards = stream.receive(encode(full(9)), AT_7, 1.0)

    assert [finding] == findings(effects)
    assert [Leave] == [type(effect) for effect in effects if not isinstance(effect, Note)]
    assert [] == afterwards


def test_a_current_behind_what_hello_said_is_left() -> None:
    """A server that is older than the SDK is not obeyed, however it puts it."""
    effects = session().receive(encode(Current("e1", 6)), AT_7, 1.0)

    assert [Finding.BEHIND] == findings(effects)


@pytest.mark.parametrize(
    "message", [Delta("e1", 5, 7), full(6), Current("e1", 5)], ids=lambda m: type(m).__name__
)
def test_news_that_another_stream_brought_first_is_acknowledged_again(
    message: ServerMessage,
) -> None:
    """During a move two servers tell the same; each is owed an ack of what the SDK has."""
    stream = session(Position("production", "e1", 5, "h5"))

    effects = stream.receive(encode(message), AT_7, 1.0)

    assert [Finding.REPEATED] == findings(effects)
    assert [Ack("e1", 7)] == sent(effects)


def test_a_new_epoch_comes_whole_and_is_said() -> None:
    """A full snapshot of another epoch is taken, and marked as such."""
    stream = live()

    stream.receive(encode(full(1, "h1", epoch="e2")), AT_7, 1.0)
    effects = stream.built("h1", AT_7, 1.0)

    assert Swap(new_epoch=True) == effects[0]


def test_a_wrong_hash_is_not_swapped_in() -> None:
    """What was built of a delta and is not what was announced asks for the whole."""
    stream = live()
    stream.receive(encode(Delta("e1", 7, 8, "h8")), AT_7, 1.0)

    effects = stream.built("other", AT_7, 1.0)

    assert [Finding.CORRUPT] == findings(effects)
    assert stream.state is State.RESYNCING


def test_a_wrong_hash_in_answer_to_a_resync_ends_the_stream() -> None:
    """A server that cannot tell the truth twice is left."""
    stream = live()
    stream.receive(encode(Heartbeat("e1", 8)), AT_7, 1.0)
    stream.receive(encode(full(8, "h8")), AT_7, 1.0)

    effects = stream.built("other", AT_7, 1.0)

    assert [Leave] == [type(effect) for effect in effects if not isinstance(effect, Note)]


def test_what_cannot_be_built_is_never_sound() -> None:
    """Even when no hash was announced."""
    stream = session(NOTHING)
    stream.receive(encode(full(1)), NOTHING, 1.0)

    assert [Finding.CORRUPT] == findings(stream.built(UNBUILDABLE, NOTHING, 1.0))


def test_while_a_snapshot_is_owed_only_a_snapshot_counts() -> None:
    """Deltas that were on their way are passed over, and no second request is made."""
    stream = live()
    stream.receive(encode(Heartbeat("e1", 9)), AT_7, 1.0)

    passed_over = [
        stream.receive(encode(message), AT_7, 1.0)
        for message in (Delta("e1", 7, 8), Delta("e1", 8, 9), Heartbeat("e1", 9))
    ]
    whole = stream.receive(encode(full(9)), AT_7, 1.0)

    assert [] == [effect for effects in passed_over for effect in sent(effects)]
    assert [Build(full(9))] == whole


def test_a_stream_that_never_fits_is_left() -> None:
    """After a few resyncs the stream is broken, not unlucky."""
    stream = live()
    for _ in range(RESYNC_LIMIT):
        stream.receive(encode(Heartbeat("e1", 7, "x")), AT_7, 1.0)
        stream.receive(encode(full(7, "h7")), AT_7, 1.0)
        stream.built("h7", AT_7, 1.0)

    effects = stream.receive(encode(Heartbeat("e1", 7, "x")), AT_7, 1.0)

    assert isinstance(effects[-1], Leave)
    assert stream.state is State.LEFT


def test_goodbye_asks_to_move_and_the_stream_is_still_obeyed() -> None:
    """Make before break: until the other stream is live this one counts."""
    stream = live()

    moving = stream.receive(encode(Goodbye("drain", 5000)), AT_7, 1.0)
    news = stream.receive(encode(Delta("e1", 7, 8)), AT_7, 1.0)

    assert [Move(5000, "drain")] == moving
    assert [Build] == [type(effect) for effect in news]


def test_an_unknown_type_is_noted_and_passed_over() -> None:
    """A newer server costs a note, not the connection."""
    stream = live()

    effects = stream.receive(b'{"type":"fireworks"}', AT_7, 1.0)

    assert [Finding.UNKNOWN] == findings(effects)
    assert stream.state is State.LIVE


def test_silence_is_found() -> None:
    """A half-open connection ends when two heartbeats in a row were missed, not sooner."""
    stream = live(now=0.0)
    stream.receive(encode(Heartbeat("e1", 7)), AT_7, 10.0)

    early = stream.tick(AT_7, 10.0 + SILENCE_SECONDS - 0.1)
    late = stream.tick(AT_7, stream.deadline)

    assert [] == early
    assert [Finding.SILENT] == findings(late)
    assert SILENCE_SECONDS < 25.0


def test_a_server_that_never_answers_the_hello_is_left() -> None:
    """An open socket alone is no stream; heartbeats do not stand in for the answer."""
    stream = session(NOTHING, now=0.0)

    effects = stream.tick(NOTHING, ANSWER_SECONDS)

    assert [Finding.SILENT] == findings(effects)


def test_a_server_that_never_answers_a_resync_is_left() -> None:
    """Heartbeats go on, the snapshot does not come: the stream is of no use."""
    stream = live()
    stream.receive(encode(Heartbeat("e1", 8)), AT_7, 100.0)
    stream.receive(encode(Heartbeat("e1", 8)), AT_7, 110.0)

    effects = stream.tick(AT_7, 100.0 + ANSWER_SECONDS)

    assert [Finding.SILENT] == findings(effects)
