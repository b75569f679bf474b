"""Bytes in, a message, nothing or a ProtocolError out; and nothing else, ever."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flaghoist.protocol.codec import (
    ProtocolError,
    decode_client_message,
    decode_server_message,
    encode,
    encode_ack,
    parse_ack,
)
from flaghoist.protocol.messages import (
    REMOVED,
    Ack,
    Current,
    Delta,
    Full,
    Goodbye,
    Heartbeat,
    Hello,
    Report,
    Resync,
)

SERVER_MESSAGES = [
    Full("production", "e1", 7, "0f", {"a": (3, msgspec.Raw(b'{"state":"off"}'))}, {}),
    Delta("e1", 6, 7, "0f", {"a": (7, msgspec.Raw(b"{}")), "b": None}, {"staff": REMOVED}),
    Current("e1", 7, "0f"),
    Heartbeat("e1", 7, "0f"),
    Goodbye("drain", 5000),
]
CLIENT_MESSAGES = [
    Hello("i-1", app="shop", build="b7", epoch="e1", version=7, hash="0f", capabilities=("x",)),
    Ack("e1", 7),
    Resync("gap"),
    Report(1, {"a": {"on": 3, "": 1}}, {"bad": "unknown operator"}),
]


def name(message: object) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", SERVER_MESSAGES, ids=name)
def test_a_server_message_survives_the_wire(message: object) -> None:
    """What a server encodes is what an SDK decodes."""
    assert message == decode_server_message(encode(message))


@pytest.mark.parametrize("message", CLIENT_MESSAGES, ids=name)
def test_a_client_message_survives_the_wire(message: object) -> None:
    """What an SDK encodes is what a server decodes."""
    assert message == decode_client_message(encode(message))


def test_an_unknown_type_is_passed_over() -> None:
    """A type that only a newer peer knows is no error."""
    assert decode_server_message(b'{"a":[1],"type":"fireworks"}') is None
    assert decode_client_message(b'{"type":"fireworks"}') is None


def test_an_unknown_field_is_passed_over() -> None:
    """A field that only a newer peer knows is no error."""
    frame = b'{"type":"heartbeat","epoch":"e","version":1,"mood":"fine"}'

    assert Heartbeat("e", 1) == decode_server_message(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"full"',
        b'{"type":"full"',
        b'{"type":"full"}',
        b'{"type":1}',
        b'{"type":null}',
        b'{"type":"ack","epoch":"e","version":1}',
        b'{"type":"current","epoch":"e","version":"7"}',
        b'{"type":"current","epoch":"e","version":1e99}',
        b'{"type":"delta","epoch":"e","from":1,"flags":[]}',
        b"\xff\xfe\x00",
        b'{"type":"goodbye","reason":"\xff"}',
        b'{"x":' + b"[" * 100_000,
        "{\ud800}",
    ],
    ids=lambda frame: repr(frame)[:40],
)
def test_what_is_no_message_is_a_protocol_error(frame: bytes | str) -> None:
    """Garbage of any kind ends as one kind of error."""
    with pytest.raises(ProtocolError):
        decode_server_message(frame)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_nothing_but_a_protocol_error_escapes(frame: bytes | str) -> None:
    """Arbitrary bytes and text never raise anything else."""
    for decode in (decode_server_message, decode_client_message):
        try:
            decode(frame)
        except ProtocolError:
            continue


def test_one_bad_flag_does_not_spoil_the_message() -> None:
    """A flag travels undecoded, so a message with a flag of the wrong shape is still read."""
    frame = b'{"type":"full","environment":"p","epoch":"e","version":1,"flags":{"a":[1,"?"]}}'

    message = decode_server_message(frame)

    assert isinstance(message, Full)
    assert b'"?"' == bytes(message.flags["a"][1])


@given(st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True), st.integers(0, 10**17))
def test_an_ack_has_one_spelling(epoch: str, version: int) -> None:
    """The plain spelling is what the general encoder gives, and is read back by hand."""
    data = encode_ack(epoch, version)

    assert encode(Ack(epoch, version)) == data
    assert f'{{"type":"ack","epoch":"{epoch}","version":{version}}}'.encode() == data
    assert (epoch, version) == parse_ack(data)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b'{"type":"ack","version":1,"epoch":"e"}',
        b'{"type":"ack","epoch":"e","version":1',
        b'{"type":"ack","epoch":"e","version":-1}',
        b'{"type":"ack","epoch":"e","version":1.0}',
        b'{"type":"ack","epoch":"e","version":}',
        b'{"type":"ack","epoch":"e","version":1}}',
        b'{"type":"ack","epoch":"e\\n","version":1}',
        b'{"type":"ack","epoch":"e","x":"","version":1}',
        b'{"type":"ack","epoch":"\xc3\xbc","version":1}',
        b'{"type":"ack","epoch":"\n","version":1}',
        b'{"type":"ack","epoch":"e","version":%d}' % 10**18,
        '{"type":"ack","epoch":"e","version":١}'.encode(),
    ],
)
def test_any_other_spelling_is_left_to_the_parser(frame: bytes) -> None:
    """The shortcut reads nothing that the parser would read otherwise."""
    assert parse_ack(frame) is None
