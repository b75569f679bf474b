"""Buckets: a number from 0 to 99,999 for a salt and a value, the same everywhere and for ever.

    bucket = (murmur3_x86_32(utf8(salt + "." + value), seed 0) * 100000) >> 32

Text is used as it is and an integer in decimal; nothing else has a bucket. Whether a bucket lies
below a bound is asked of the hash itself, without computing the bucket: for whole numbers,
hash * 100000 >> 32 < bound means the same as hash < ceil(bound * 2**32 / 100000).

mmh3 is only ever given bytes: given text with a lone surrogate it ends the process. Encoding
first raises there instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flaghoist.evaluation import COMPILED
from flaghoist.evaluation.murmur import Murmur3
from flaghoist.evaluation.native import i64, mypyc_attr

__all__ = ["BUCKETS", "Bucketer", "digest", "hash_bound", "make_bucketer", "text_of"]

BUCKETS: Final = 100_000


def _find_digest() -> Callable[[bytes], int] | None:
    if COMPILED:
        return None
    try:
        from mmh3 import mmh3_32_uintdigest  # noqa: PLC0415 - an optional extra
    except ImportError:
        return None
    found: Callable[[bytes], int] = mmh3_32_uintdigest
    return found


digest: Final = _find_digest()
"""A quicker hash than ours: where ours is not compiled and the extra `mmh3` is installed."""


def hash_bound(bucket: i64) -> i64:
    """The least hash whose bucket is not below this one."""
    return ((bucket << 32) + BUCKETS - 1) // BUCKETS


def text_of(value: object) -> str | None:
    """The text by which a value is hashed, and compared with targets; `None` if it has none."""
    if isinstance(value, str):
        return value
    # A bool is an int in Python; nobody means True as a targeting key.
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{int(value)}"
    return None


@mypyc_attr(acyclic=True)
class Bucketer:
    """Hashes values under one salt."""

    __slots__ = ("prefix", "start")

    prefix: bytes
    start: Murmur3

    def __init__(self, salt: str) -> None:
        self.prefix = f"{salt}.".encode()
        self.start = Murmur3(self.prefix if digest is None else b"")

    def hash(self, text: str) -> i64:
        """The hash of a text. Raises `UnicodeEncodeError` if that has a lone surrogate."""
        data = text.encode()
        return self.start.followed_by(data) if digest is None else digest(self.prefix + data)

    def bucket(self, text: str) -> i64:
        """The bucket of a text. Raises `UnicodeEncodeError` if that has a lone surrogate."""
        return self.hash(text) * BUCKETS >> 32


def make_bucketer(salt: str, name: str | None) -> Bucketer:
    """The bucketer of this salt.

    Raises:
        ValueError: there is no hash of this name.
    """
    if name is not None and name != "murmur3":
        raise ValueError(f"no hash {name!r}; this version knows murmur3")
    return Bucketer(salt)
