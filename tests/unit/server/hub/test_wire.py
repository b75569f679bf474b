"""Websocket frames by hand, against the library's own bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from flaghoist_server.hub.wire import (
    PING,
    is_pong,
    is_unfinished,
    plain_text,
    text_frame,
    whole_frames,
)

LIMIT = 65_536


def client_frame(payload: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


@given(st.binary(min_size=1, max_size=125))
def test_a_short_text_frame_is_read_as_the_library_wrote_it(payload: bytes) -> None:
    """Unmasking by hand gives the payload back."""
    assert payload == plain_text(client_frame(payload))


@pytest.mark.parametrize(
    "frame",
    [
        client_frame(b"x" * 126),
        client_frame(b""),
        client_frame(b"x", fin=False),
        client_frame(b"x", Opcode.BINARY),
        client_frame(b"x", Opcode.CONT),
        Frame(Opcode.TEXT, b"x").serialize(mask=False),
    ],
    ids=["long", "empty", "not whole", "binary", "continuation", "unmasked"],
)
def test_what_is_not_plain_is_left_to_the_library(frame: bytes) -> None:
    """Only a whole, masked, short text frame is read by hand."""
    assert plain_text(frame) is None


@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_frames_are_split_at_their_ends_wherever_the_bytes_are_cut(
    payloads: list[bytes], data: st.DataObject
) -> None:
    """However a stream is cut into pieces, the same frames come out, and nothing is left."""
    frames = [client_frame(payload) for payload in payloads]
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    found, rest = [], b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        whole, rest = whole_frames(rest + stream[start:end], LIMIT)
        found += whole

    assert (frames, b"") == (found, rest)


def test_a_frame_that_says_it_is_too_long_is_not_waited_for() -> None:
    """Its header is handed on at once, so that the library can refuse it."""
    header = b"\x81\xff" + (LIMIT + 1).to_bytes(8, "big")

    assert ([header], b"") == whole_frames(header, LIMIT)


def test_the_pong_that_answers_our_ping_is_known() -> None:
    """The library's answer to our ping is recognised by its first two bytes."""
    assert is_pong(client_frame(PING[2:], Opcode.PONG))
    assert not is_pong(client_frame(b"x", Opcode.PONG))


@pytest.mark.parametrize(
    ("opcode", "fin", "before", "after"),
    [
        (Opcode.TEXT, True, False, False),
        (Opcode.TEXT, False, False, True),
        (Opcode.CONT, False, True, True),
        (Opcode.CONT, True, True, False),
        (Opcode.PING, True, True, True),
    ],
)
def test_whether_a_message_goes_on_is_known(
    opcode: Opcode, fin: bool, before: bool, after: bool
) -> None:
    """Control frames may come in the middle of a fragmented message and end nothing."""
    assert after == is_unfinished(client_frame(b"x", opcode, fin=fin), before)


@given(st.binary(max_size=70_000))
def test_a_servers_text_frame_is_the_librarys(payload: bytes) -> None:
    """What goes to every connection is a whole unmasked text frame."""
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
