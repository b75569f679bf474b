"""Bytes of websocket frames that are worth knowing by heart; everything else is websockets'.

Rules: bytes in, bytes out; no socket, no state. What is not plain here is left to `ServerProtocol`,
which also finds every violation: this file may pass a frame on, it never judges one.

Theory. Of ten thousand connections that get a change, ten thousand acknowledge it within 20 ms,
and a general parser spends half of the flip's time on them. An ack has one spelling
(`flaghoist.protocol.codec.encode_ack`), comes as one unfragmented masked text frame, and nearly
always as one TCP segment: it is recognised by comparing bytes. The same goes for the empty pong.

    byte 0      FIN, opcode     0x81 a whole text message, 0x8A a pong
    byte 1      MASK, length    0x80 + 0 … 125 (126, 127: 2 or 8 bytes of length follow)
    4 bytes     mask            always there from a client (RFC 6455 §5.3)
    length      payload
"""

from __future__ import annotations

from websockets.frames import Close, Frame, Opcode

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the extension
    from websockets.utils import apply_mask

__all__ = [
    "PING",
    "close_frame",
    "is_pong",
    "is_unfinished",
    "plain_text",
    "text_frame",
    "whole_frames",
]

PING = Frame(Opcode.PING, b"").serialize(mask=False)

_WHOLE_TEXT = 0x81
_EMPTY_PONG = b"\x8a\x80"
_MASKED = 0x80
_SHORT = 126
_DATA_OPCODES = (0x0, 0x1, 0x2)


def text_frame(payload: bytes) -> bytes:
    """A server's text frame around `payload`, as it goes to every connection."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def close_frame(code: int, reason: str = "") -> bytes:
    return Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False)


def plain_text(frame: bytes) -> bytes | None:
    """The payload of a whole, masked text frame of at most 125 bytes; `None`: not such a frame."""
    if frame[0] != _WHOLE_TEXT or not _MASKED < frame[1] < _MASKED + _SHORT:
        return None
    return apply_mask(frame[6:], frame[2:6])


def is_pong(frame: bytes) -> bool:
    """The answer to `PING`."""
    return frame[:2] == _EMPTY_PONG


def is_unfinished(frame: bytes, before: bool) -> bool:
    """Whether a fragmented message is open after `frame`, given whether one was `before` it."""
    if frame[0] & 0x0F in _DATA_OPCODES:
        return not frame[0] & 0x80
    return before


def whole_frames(data: bytes, limit: int) -> tuple[list[bytes], bytes]:
    """The frames that are complete in `data`, and what is left for the next time.

    A frame that says it has more than `limit` bytes is not waited for: all that is there of it
    counts as a frame, and the parser that gets it will refuse its length.
    """
    frames: list[bytes] = []
    start = 0
    while (end := _end_of_frame(data, start, limit)) <= len(data):
        frames.append(data[start:end])
        start = end
        if start == len(data):
            break
    return frames, data[start:]


def _end_of_frame(data: bytes, start: int, limit: int) -> int:
    """Where the frame at `start` ends; beyond the data if that cannot be told yet."""
    unknown = len(data) + 1
    if len(data) < start + 2:
        return unknown
    masked, length = data[start + 1] & 0x80, data[start + 1] & 0x7F
    extended = {126: 2, 127: 8}.get(length, 0)
    header = 2 + extended + (4 if masked else 0)
    if extended:
        if len(data) < start + 2 + extended:
            return unknown
        length = int.from_bytes(data[start + 2 : start + 2 + extended], "big")
    if length > limit:
        return len(data)
    return start + header + length
