"""MurmurHash3 against the C++ original, as the package mmh3 has it."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from mmh3 import mmh3_32_uintdigest

from flaghoist.evaluation.murmur import Murmur3


@given(st.binary(max_size=40), st.binary(max_size=40))
@example(b"", b"")
@example(b"\xff" * 7, b"\xff" * 9)
def test_property_it_is_murmur3_wherever_the_bytes_are_parted(start: bytes, rest: bytes) -> None:
    """Hashing on from a start gives the hash of the whole."""
    assert Murmur3(start).followed_by(rest) == mmh3_32_uintdigest(start + rest)


def test_a_start_can_be_followed_many_times() -> None:
    """Hashing on leaves the start as it was: all lookups of a flag share it."""
    start = Murmur3(b"new-checkout.")

    first = [start.followed_by(b"user-42") for _ in range(3)]

    assert first == [mmh3_32_uintdigest(b"new-checkout.user-42")] * 3
