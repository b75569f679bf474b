"""A document from outside becomes a `Flag` or a `Segment`, or a `FlagError`: wire, store, cache.

Each document is decoded by itself, so that one bad flag costs one flag. Shape, unknown fields
and everything that can be checked without the other flags is checked here: what comes out can
be compiled. Whatever goes wrong, from a truncated text to a nesting of a hundred thousand
brackets, is a `FlagError`.
"""

from __future__ import annotations

import msgspec

from flaghoist.errors import FlagError
from flaghoist.model.flag import Flag, Segment
from flaghoist.model.limits import MAX_DOCUMENT_BYTES
from flaghoist.model.validation import check_flag, check_segment

__all__ = ["decode_flag", "decode_segment"]

_decode_flag = msgspec.json.Decoder(Flag).decode
_decode_segment = msgspec.json.Decoder(Segment).decode


def decode_flag(key: str, raw: bytes | msgspec.Raw) -> Flag:
    """Decode and check one flag document.

    Raises:
        FlagError: it is no flag document, or one that means nothing.
    """
    _check_size(key, raw)
    try:
        flag = _decode_flag(raw)
    except (ValueError, RecursionError) as error:  # msgspec's errors and Unicode's are ValueErrors
        raise FlagError(key, str(error)) from error
    if problems := check_flag(key, flag):
        raise FlagError(key, str(problems[0]), problems[0].path)
    return flag


def decode_segment(name: str, raw: bytes | msgspec.Raw) -> Segment:
    """Decode and check one segment document.

    Raises:
        FlagError: it is no segment document, or one that means nothing.
    """
    _check_size(name, raw)
    try:
        segment = _decode_segment(raw)
    except (ValueError, RecursionError) as error:
        raise FlagError(name, str(error)) from error
    if problems := check_segment(name, segment):
        raise FlagError(name, str(problems[0]), problems[0].path)
    return segment


def _check_size(key: str, raw: bytes | msgspec.Raw) -> None:
    size = len(memoryview(raw))
    if size > MAX_DOCUMENT_BYTES:
        raise FlagError(key, f"{size} bytes are more than the {MAX_DOCUMENT_BYTES} of a document")
