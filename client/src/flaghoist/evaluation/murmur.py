"""MurmurHash3 x86 32 bit, seed 0: the hash beneath every bucket.

A salt is hashed once, when a flag is compiled, and each lookup goes on from there with the bytes
of its value. Compiled by mypyc this is quicker than calling the C extension `mmh3`; as plain
Python it takes microseconds, and `bucketing` prefers `mmh3` where that is installed.

The arithmetic is done on 64-bit integers and masked: a product keeps its lower 32 bits right
when it wraps (which C only promises with -fwrapv).
"""

from __future__ import annotations

from typing import Final

from flaghoist.evaluation.native import i64, mypyc_attr

__all__ = ["Murmur3"]

_C1: Final = 0xCC9E2D51
_C2: Final = 0x1B873593
_MASK: Final = 0xFFFFFFFF


@mypyc_attr(acyclic=True)
class Murmur3:
    """The hash of some bytes that are followed by more."""

    __slots__ = ("_bits", "_length", "_state", "_word")

    _length: i64
    _state: i64
    _word: i64
    """The bytes of a word that is not complete yet, and how many bits these are."""
    _bits: i64

    def __init__(self, start: bytes) -> None:
        self._length = len(start)
        self._state = 0
        self._word = 0
        self._bits = 0
        byte: i64 = 0
        for index in range(len(start)):
            byte = start[index]
            self._word |= byte << self._bits
            self._bits += 8
            if self._bits == 32:
                self._state = _mixed(self._state, self._word)
                self._word = 0
                self._bits = 0

    def followed_by(self, data: bytes) -> i64:
        """The hash of the bytes from the start and these, as an unsigned number."""
        state = self._state
        word = self._word
        bits = self._bits
        length: i64 = len(data)
        index: i64 = 0
        byte: i64 = 0
        while index < length:
            byte = data[index]
            index += 1
            word |= byte << bits
            bits += 8
            if bits == 32:
                state = _mixed(state, word)
                word = 0
                bits = 0
        state ^= _scrambled(word) ^ (self._length + length)
        state = ((state ^ state >> 16) * 0x85EBCA6B) & _MASK
        state = ((state ^ state >> 13) * 0xC2B2AE35) & _MASK
        return state ^ state >> 16


def _mixed(state: i64, word: i64) -> i64:
    state ^= _scrambled(word)
    state = (state << 13 | state >> 19) & _MASK
    return (state * 5 + 0xE6546B64) & _MASK


def _scrambled(word: i64) -> i64:
    word = (word * _C1) & _MASK
    word = (word << 15 | word >> 17) & _MASK
    return (word * _C2) & _MASK
