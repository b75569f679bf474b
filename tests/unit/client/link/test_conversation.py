"""What a server says becomes what the application sees, or nothing does."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import pytest
from tests.unit.client.link.environment import (
    OFF,
    ON,
    conversation,
    delta,
    document,
    full,
    hash_of,
    holding,
)

from flaghoist.link.conversation import Left
from flaghoist.link.holding import Holding
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Goodbye, Heartbeat

GOOD = full(5, {"a": ON, "b": OFF})


def values(held: Holding) -> tuple[object, object, int]:
    lookup = held.engine.load()
    return lookup.is_enabled("a"), lookup.is_enabled("b"), held.snapshot.version


def bad_frames() -> Iterator[bytes]:
    """Good messages with one thing wrong: cut, flipped, repeated, of another type or place."""
    chance = random.Random(4)
    after = {"a": OFF, "b": ON}
    changes = [full(6, after), delta(5, 6, {**after}, hash_of(after))]
    for good in changes:
        yield from (good[:length] for length in range(0, len(good), 4))
        for _ in range(40):
            place = chance.randrange(len(good))
            yield (
                good[:place] + bytes([good[place] ^ (1 << chance.randrange(8))]) + good[place + 1 :]
            )
        yield from (chance.randbytes(chance.randrange(200)) for _ in range(10))
        yield good + good
        yield good.replace(b'"version":6', b'"version":"6"')
        yield good.replace(b'"version":6', b'"version":-6')
        yield good.replace(b'"version":6', b'"version":1e400')
        yield good.replace(b'"epoch":"e1"', b'"epoch":""')
        yield good.replace(b'"epoch":"e1"', b'"epoch":null')
        yield good.replace(b'"flags":{', b'"flags":[{')
        yield good.replace(b"production", b"staging")
    yield from (b"", b"{}", b"[]", b"null", b"7", b'"full"', b"{" * 10**5, b"[" * 10**5)


def test_no_bad_frame_gives_anything_but_the_old_or_the_new() -> None:
    """More than two hundred kinds, and no exception but `Left`.

    A bit that is flipped in the version or the hash's name may leave a message that is as good as
    the one that was sent. What may never be is a mixture, or what nobody has sent.
    """
    kinds = 0
    for frame in bad_frames():
        kinds += 1
        held = holding()
        talk = conversation(held, GOOD)
        with contextlib.suppress(Left):
            talk.hear(frame)

        assert values(held)[:2] in ((True, False), (False, True)), frame

    assert kinds > 200


def test_a_frame_with_a_flipped_bit_in_a_value_is_caught_by_its_hash() -> None:
    """Still JSON, still a flag, and not what the server has."""
    held = holding()
    good = full(6, {"a": OFF, "b": ON})
    flipped = good.replace(b'"state":"off"', b'"state":"on"', 1)

    answers = conversation(held, GOOD).hear(flipped)

    assert (True, False, 5) == values(held)
    assert b"resync" in answers[0]
    assert 1 == held.status().divergences


def test_what_is_good_is_acknowledged_after_it_is_in_use() -> None:
    """With the position that the application sees from then on."""
    held = holding()
    talk = conversation(held)

    answers = talk.hear(GOOD)

    assert (True, False, 5) == values(held)
    assert [b'{"type":"ack","epoch":"e1","version":5}'] == answers
    assert talk.live is True


POISONS = {
    "unknown-operator": b'{"type":"boolean","state":"on","default":"on","rules":[{"when":{"attribute":"x","sounds_like":["y"]},"serve":"on"}]}',
    "no-such-variant": b'{"type":"boolean","state":"on","default":"maybe"}',
    "adds-up-to-99": b'{"type":"boolean","state":"on","default":{"on":49,"off":50}}',
    "bad-pattern": b'{"type":"boolean","state":"on","default":"on","rules":[{"when":{"attribute":"x","matches":["("]},"serve":"on"}]}',
    "no-such-segment": b'{"type":"boolean","state":"on","default":"on","rules":[{"when":{"segment":"nobody"},"serve":"on"}]}',
    "unknown-type": b'{"type":"quaternion","state":"on","default":"on"}',
    "not-an-object": b"[]",
    "null-inside": b'{"type":null}',
    "requires-itself": b'{"type":"boolean","state":"on","default":"on","requires":[{"flag":"poisoned","variants":["on"]}]}',
    "deep": b'{"type":"object","variants":{"on":' + b"[" * 500 + b"]" * 500 + b'},"default":"on"}',
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_a_poisoned_flag_is_set_aside_alone(poison: bytes) -> None:
    """At the start and by a delta: all other flags are live, and it keeps its last good form."""
    others = {f"flag-{number}": document(default="on") for number in range(50)}
    at_start, by_delta = holding(), holding()

    conversation(at_start, full(5, others | {"poisoned": poison}))
    conversation(by_delta, full(5, others | {"poisoned": ON}), delta(5, 6, {"poisoned": poison}))

    for held, kept in ((at_start, False), (by_delta, True)):
        lookup = held.engine.load()
        assert {"poisoned"} == set(held.status().rejected)
        assert all(lookup.is_enabled(key) for key in others)
        assert kept is lookup.is_enabled("poisoned")
    assert 6 == by_delta.snapshot.version


def test_a_poisoned_flag_is_well_again_with_its_next_good_form() -> None:
    """And nobody has to do anything for it."""
    held = holding()

    conversation(
        held,
        full(5, {"a": POISONS["unknown-operator"]}),
        delta(5, 6, {"a": ON}),
    )

    assert {} == held.status().rejected
    assert held.engine.load().is_enabled("a") is True


def test_a_heartbeat_proves_that_flags_are_fresh() -> None:
    """Its position and hash are those of what is in use."""
    held = holding()
    talk = conversation(held, GOOD)
    beat = encode(Heartbeat("e1", 5, held.snapshot.hash))
    first = held._fresh_at

    assert [] == talk.hear(beat)

    assert held._fresh_at is not None
    assert first is not None
    assert held._fresh_at > first


def test_a_goodbye_asks_to_move() -> None:
    """Within the time that the server has."""
    talk = conversation(holding(), GOOD, encode(Goodbye("drain", 5000)))

    assert talk.move is not None
    assert 5000 == talk.move.spread_ms
    assert talk.live is True
