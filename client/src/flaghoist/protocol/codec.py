"""Messages to bytes and back: the only place that knows that the wire is JSON.

Rules: no socket, no clock, no state. Whatever comes in ends in one of three ways: a message,
`None` for a type that this version does not know (the sender is newer: skip it), or a
`ProtocolError`. Nothing else escapes, not even from input that is nested 100,000 deep.

An ack is the one message that a server reads thousands of at once, so it has exactly one
spelling, written by `encode_ack` and read back without a JSON parser by `parse_ack`.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from flaghoist.protocol.messages import Ack, ClientMessage, ServerMessage

__all__ = [
    "ProtocolError",
    "decode_client_message",
    "decode_server_message",
    "encode",
    "encode_ack",
    "parse_ack",
]

_Message = TypeVar("_Message")

_encoder = msgspec.json.Encoder()
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)

_KNOWN = frozenset(
    {"full", "delta", "current", "heartbeat", "goodbye", "hello", "ack", "resync", "report"}
)

_ACK_HEAD = b'{"type":"ack","epoch":"'
_ACK_MIDDLE = b'","version":'
_VERSION_DIGITS = 18  # always within a signed 64-bit integer


class ProtocolError(ValueError):
    """What came over the wire is no message; the connection it came over is of no more use."""


class _Tagged(msgspec.Struct):
    type: str


_tag_decoder = msgspec.json.Decoder(_Tagged)


def encode(message: ServerMessage | ClientMessage) -> bytes:
    """The bytes of one text frame."""
    return _encoder.encode(message)


def encode_ack(epoch: str, version: int) -> bytes:
    """The one spelling of an ack, the same that `encode(Ack(epoch, version))` gives."""
    return _encoder.encode(Ack(epoch, version))


def parse_ack(data: bytes) -> tuple[str, int] | None:
    """(epoch, version) of a plainly spelt ack; `None`: not one, use `decode_client_message`."""
    if not data.startswith(_ACK_HEAD):
        return None
    epoch, _, rest = data[len(_ACK_HEAD) :].partition(_ACK_MIDDLE)
    digits = rest[:-1]
    if rest[-1:] != b"}" or not digits.isdigit() or len(digits) > _VERSION_DIGITS:
        return None
    if b"\\" in epoch or b'"' in epoch or not epoch.isascii() or not epoch.decode().isprintable():
        return None
    return epoch.decode(), int(digits)


def decode_server_message(data: bytes | str) -> ServerMessage | None:
    """What a server said. Raises: ProtocolError."""
    return _decode(_server_decoder, data)


def decode_client_message(data: bytes | str) -> ClientMessage | None:
    """What an SDK said. Raises: ProtocolError."""
    return _decode(_client_decoder, data)


def _decode(decoder: msgspec.json.Decoder[_Message], data: bytes | str) -> _Message | None:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        if _is_newer(data):
            return None
        raise ProtocolError(f"no message of this protocol: {error}") from error
    except (ValueError, RecursionError) as error:  # bad JSON, bad UTF-8, nesting without end
        raise ProtocolError(f"not JSON: {error}") from error


def _is_newer(data: bytes | str) -> bool:
    """A well-formed message whose `type` is a string that this version does not know."""
    try:
        return _tag_decoder.decode(data).type not in _KNOWN
    except (ValueError, RecursionError):
        return False
