"""MurmurHash3 x86 32 bit, seed 0: the hash beneath every bucket.

Compiled by mypyc this is about as quick as the C extension `mmh3`; as plain Python it takes
microseconds, and `bucketing` prefers `mmh3` where that is installed. The arithmetic is done on
64-bit integers and masked: a product of two 32-bit numbers keeps its lower 32 bits when it wraps.
"""

from __future__ import annotations

try:
    from mypy_extensions import i64
except ImportError:  # only the compiler needs it
    i64 = int  # type: ignore[misc]  # what i64 is where nothing is compiled

from typing import Final

__all__ = ["murmur3_32"]

_C1: Final = 0xCC9E2D51
_C2: Final = 0x1B873593
_MASK: Final = 0xFFFFFFFF


def murmur3_32(data: bytes) -> int:
    """The hash of `data` as an unsigned number."""
    length: i64 = len(data)
    whole: i64 = length - length % 4
    state: i64 = 0
    word: i64 = 0
    at: i64 = 0
    while at < whole:
        word = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24
        state ^= _scrambled(word)
        state = (state << 13 | state >> 19) & _MASK
        state = (state * 5 + 0xE6546B64) & _MASK
        at += 4
    word = 0
    at = length
    while at > whole:
        at -= 1
        word = word << 8 | data[at]
    state ^= _scrambled(word) ^ length
    state = ((state ^ state >> 16) * 0x85EBCA6B) & _MASK
    state = ((state ^ state >> 13) * 0xC2B2AE35) & _MASK
    return state ^ state >> 16


def _scrambled(word: i64) -> i64:
    word = (word * _C1) & _MASK
    word = (word << 15 | word >> 17) & _MASK
    return (word * _C2) & _MASK
