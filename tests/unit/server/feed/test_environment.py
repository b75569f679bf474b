"""A live environment: the frame for each position, and the same hash as the SDK has."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.logs import Log

from flaghoist.protocol.codec import decode_server_message
from flaghoist.protocol.messages import Current, Delta, Full
from flaghoist.snapshot import Snapshot
from flaghoist_server.change.fold import NotNext
from flaghoist_server.feed import environment
from flaghoist_server.feed.environment import LiveEnvironment

ON = b'{"default":"on"}'
OFF = b'{"state":"off"}'
STAFF = b'{"when":{"attribute":"email","exists":[true]}}'


def live_at_one() -> tuple[Log, LiveEnvironment]:
    log = Log()
    log.create()
    return log, LiveEnvironment(log.state)


def frame(live: LiveEnvironment, epoch: str, version: int) -> Any:
    return decode_server_message(live.frame_since(epoch, version))


def test_a_stranger_gets_everything() -> None:
    """Flags with the version of their last change, segments, position and hash."""
    log, live = live_at_one()
    live.apply(log.change({"a": ON, "b": ON}, {"staff": STAFF}))
    live.apply(log.change({"b": OFF}))

    full = frame(live, "", 0)

    assert isinstance(full, Full)
    assert ("production", "e1", 3, live.hash) == (
        full.environment,
        full.epoch,
        full.version,
        full.hash,
    )
    assert {"a": (2, ON), "b": (3, OFF)} == {
        key: (version, bytes(document)) for key, (version, document) in full.flags.items()
    }
    assert {"staff": STAFF} == {name: bytes(doc) for name, doc in full.segments.items()}
    assert live.full_frame() == live.frame_since("another", 3)


def test_who_is_at_the_head_is_told_so() -> None:
    """And so is an SDK that is ahead of this server: it sees where the server stands."""
    log, live = live_at_one()
    live.apply(log.change({"a": ON}))

    assert Current("e1", 2, live.hash) == frame(live, "e1", 2)
    assert Current("e1", 2, live.hash) == frame(live, "e1", 7)


def test_who_is_behind_gets_what_changed_in_one_delta() -> None:
    """The last document of each flag; what was removed as such."""
    log, live = live_at_one()
    live.apply(log.change({f"f{number}": ON for number in range(9)}, {"staff": STAFF, "t": STAFF}))
    live.apply(log.change({"f1": OFF, "f2": OFF}))
    live.apply(log.change({"f1": ON, "f3": None}, {"t": None}))

    delta = frame(live, "e1", 2)

    assert isinstance(delta, Delta)
    assert ("e1", 2, 4, live.hash) == (delta.epoch, delta.base, delta.version, delta.hash)
    assert {"f1": [4, ON], "f2": [3, OFF], "f3": None} == {
        key: entry and [entry[0], bytes(entry[1])] for key, entry in delta.flags.items()
    }
    assert {"t": b"null"} == {name: bytes(doc) for name, doc in delta.segments.items()}


def test_a_frame_is_encoded_once() -> None:
    """All who stand at the same position get the same object."""
    log, live = live_at_one()
    live.apply(log.change({"a": ON, "b": ON}))
    live.apply(log.change({"a": OFF}))

    assert live.frame_since("e1", 2) is live.frame_since("e1", 2)
    assert live.full_frame() is live.frame_since("e0", 99)


def test_a_delta_that_is_more_than_everything_is_not_sent() -> None:
    """Many flags came and went: the whole is smaller."""
    log, live = live_at_one()
    live.apply(log.change({f"f{number}": ON for number in range(9)}))
    live.apply(log.change({f"f{number}": None for number in range(8)}))

    assert isinstance(frame(live, "e1", 1), Full)


def test_who_is_too_far_behind_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recent changes are bounded, by their number and by what is in them."""
    monkeypatch.setattr(environment, "RECENT_CHANGES", 4)
    log, live = live_at_one()
    live.apply(log.change({f"f{number}": ON for number in range(9)}))
    for number in range(6):
        live.apply(log.change({"f1": ON if number % 2 else OFF}))

    assert isinstance(frame(live, "e1", 4), Delta)
    assert isinstance(frame(live, "e1", 3), Full)


def test_another_epoch_is_gone_to_by_everything() -> None:
    """However little changed: no delta leads from one epoch to another."""
    log, live = live_at_one()
    live.apply(log.change({"a": ON}))
    live.apply(log.restart("e2"))
    live.apply(log.change({"a": OFF}))

    assert isinstance(frame(live, "e1", 2), Full)
    assert isinstance(frame(live, "e2", 3), Delta)


def test_a_change_that_does_not_follow_is_refused() -> None:
    """And nothing is altered."""
    log, live = live_at_one()
    skipped = log.change({"a": ON})
    hash_before = live.hash

    with pytest.raises(NotNext):
        live.apply(log.change({"a": OFF}))

    assert (1, hash_before) == (live.head.version, live.hash)
    live.apply(skipped)


def test_a_replaced_state_has_no_past() -> None:
    """Who was with the old one gets everything."""
    log, live = live_at_one()
    live.apply(log.change({"a": ON}))
    other = Log(epoch="e1")
    other.create()
    other.change({"b": ON})
    other.change({"b": OFF})

    live.replace(other.state)

    assert isinstance(frame(live, "e1", 2), Full)
    assert other.state == live.state


documents = st.sampled_from([ON, OFF, b'{"default":{"on":5,"off":95}}', b'{"bad":1}', None])
steps = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcd"), documents, max_size=3),
        st.dictionaries(st.sampled_from("st"), st.sampled_from([STAFF, None]), max_size=1),
    ),
    max_size=12,
)


@given(steps=steps, asked=st.sets(st.integers(0, 12)))
@settings(max_examples=60, deadline=None)
def test_an_sdk_that_follows_the_frames_has_the_same_hash(
    steps: list[tuple[dict[str, Any], dict[str, Any]]], asked: set[int]
) -> None:
    """From any position, by whatever frame; and so has the server's own snapshot."""
    log, live = live_at_one()
    sdk = Snapshot.empty()
    for number, (flags, segments) in enumerate(steps):
        live.apply(log.change(flags, segments))
        if number in asked:
            sdk = follow(sdk, live)
            assert live.hash == sdk.hash
            assert live.hash == live.snapshot.hash

    sdk = follow(sdk, live)

    assert {k: (f.version, f.document) for k, f in live.state.flags.items()} == sdk.documents
    assert live.state.segments == sdk.segments
    assert live.hash == sdk.hash == live.snapshot.hash
    assert sdk.rejected == live.snapshot.rejected


def follow(sdk: Snapshot, live: LiveEnvironment) -> Snapshot:
    """The snapshot of an SDK that was sent the frame for its position."""
    message = frame(live, sdk.epoch, sdk.version)
    if isinstance(message, Full):
        return Snapshot.of(
            message.environment,
            message.epoch,
            message.version,
            {key: (version, bytes(doc)) for key, (version, doc) in message.flags.items()},
            {name: bytes(doc) for name, doc in message.segments.items()},
            previous=sdk,
        )
    if isinstance(message, Delta):
        return sdk.changed(
            message.version,
            {key: entry and (entry[0], bytes(entry[1])) for key, entry in message.flags.items()},
            {
                name: None if bytes(doc) == b"null" else bytes(doc)
                for name, doc in message.segments.items()
            },
        )
    assert isinstance(message, Current)
    return sdk


def test_one_change_among_ten_thousand_flags_is_a_small_frame() -> None:
    """At most 2 KB, whatever the number of flags."""
    log, live = live_at_one()
    live.apply(log.change({f"flag-{number}": ON for number in range(10_000)}))
    live.apply(log.change({"flag-7": msgspec.json.encode({"default": {"on": 25, "off": 75}})}))

    assert len(live.frame_since("e1", 2)) < 2048
