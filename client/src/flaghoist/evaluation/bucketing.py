"""Buckets: a number from 0 to 99,999 for a salt and a value, the same everywhere and for ever.

    bucket = (murmur3_x86_32(utf8(salt + "." + value), seed 0) * 100000) >> 32

Variants take consecutive ranges of buckets in the order written, 1 % being 1,000 of them, so
that raising a share from 10 to 25 keeps everyone who was in it. Text is used as it is and an
integer in decimal; nothing else has a bucket.

mmh3 is only ever given bytes: given text with a lone surrogate it ends the process. Encoding
first raises there instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flaghoist.evaluation.context import TARGETING_KEY, find_attribute
from flaghoist.evaluation.murmur import murmur3_32
from flaghoist.evaluation.outcome import Outcome
from flaghoist.model.shares import BUCKETS

__all__ = ["COMPILED", "NO_BUCKET", "Bucketer", "Range", "Split", "make_bucketer", "text_of"]

COMPILED: Final = not __file__.endswith(".py")
"""Whether this code has been compiled by mypyc."""

NO_BUCKET: Final = -1


def text_of(value: object) -> str | None:
    """The text that a value is hashed and compared with a target as; `None` if it has none."""
    if isinstance(value, str):
        return value
    # A bool is an int in Python; nobody means True as a targeting key.
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{int(value)}"
    return None


class Bucketer:
    """Buckets under one salt."""

    __slots__ = ("prefix",)

    prefix: bytes

    def __init__(self, salt: str) -> None:
        self.prefix = f"{salt}.".encode()

    def bucket(self, value: object) -> int:
        """The bucket of a value, or `NO_BUCKET`. Raises `UnicodeEncodeError` on lone surrogates."""
        text = text_of(value)
        if text is None:
            return NO_BUCKET
        return murmur3_32(self.prefix + text.encode()) * BUCKETS >> 32


class FastBucketer(Bucketer):
    """The same by a hash function from elsewhere, where ours is not compiled."""

    __slots__ = ("_digest",)

    _digest: Callable[[bytes], int]

    def __init__(self, salt: str, digest: Callable[[bytes], int]) -> None:
        super().__init__(salt)
        self._digest = digest

    def bucket(self, value: object) -> int:
        """The bucket of a value, or `NO_BUCKET`. Raises `UnicodeEncodeError` on lone surrogates."""
        text = text_of(value)
        if text is None:
            return NO_BUCKET
        return self._digest(self.prefix + text.encode()) * BUCKETS >> 32


def _find_digest() -> Callable[[bytes], int] | None:
    if COMPILED:
        return None
    try:
        from mmh3 import mmh3_32_uintdigest
    except ImportError:
        return None
    return mmh3_32_uintdigest


_DIGEST: Final = _find_digest()


def make_bucketer(salt: str, name: str | None) -> Bucketer:
    """The bucketer of this salt.

    Raises:
        ValueError: there is no hash of this name.
    """
    if name is not None and name != "murmur3":
        raise ValueError(f"no hash {name!r}; this version knows murmur3")
    return Bucketer(salt) if _DIGEST is None else FastBucketer(salt, _DIGEST)


class Range:
    """Buckets below `upper`, and not below the range before it, come out as `outcome`."""

    __slots__ = ("outcome", "upper")

    upper: int
    outcome: Outcome

    def __init__(self, upper: int, outcome: Outcome) -> None:
        self.upper = upper
        self.outcome = outcome


class Split:
    """Percentages by variant."""

    __slots__ = ("bucketer", "by", "by_key", "ranges")

    bucketer: Bucketer
    by: str
    by_key: bool
    ranges: list[Range]

    def __init__(self, bucketer: Bucketer, by: str, ranges: list[Range]) -> None:
        self.bucketer = bucketer
        self.by = by
        self.by_key = by == TARGETING_KEY
        self.ranges = ranges

    def pick(self, key: object, attributes: dict[str, object]) -> Outcome | None:
        """The outcome of the context's bucket; `None` if it has no bucket."""
        value = key if self.by_key else find_attribute(self.by, key, attributes)
        bucket = self.bucketer.bucket(value)
        if bucket >= 0:
            for candidate in self.ranges:
                if bucket < candidate.upper:
                    return candidate.outcome
        return None
