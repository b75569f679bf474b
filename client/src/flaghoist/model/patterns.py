"""Patterns of `matches`: RE2's syntax, the same meaning everywhere, linear time always.

A pattern of the portable subset (`portable`) is run by Python's `re`, in a translation that means
what RE2 means, with google-re2 installed or without: it is 20 times faster than calling that. Any
other pattern needs google-re2, and is refused where it is not installed: it is never run by an
engine that could take exponential time or that reads it another way. A subject longer than
`MAX_SUBJECT_CHARS` matches nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from flaghoist.errors import PatternError
from flaghoist.model.limits import MAX_PATTERN_CHARS, MAX_SUBJECT_CHARS
from flaghoist.model.portable import NotPortable, translate

try:
    import re2
except ImportError:  # without the extra `re2`: portable patterns only
    re2 = None

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HAS_RE2", "Pattern", "compile_pattern", "is_portable"]

HAS_RE2 = re2 is not None

# A flag's patterns are compiled where it is checked and again where it is compiled.
_REMEMBERED = 512

# RE2's time is linear in the subject, times the size of the program at worst.
_MAX_PROGRAM = 2_000
_RE2_MEMORY = 1 << 20


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, subject: str) -> bool:
        """Whether the pattern occurs in the subject."""
        ...


class _Portable:
    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], object]) -> None:
        self._find = find

    def search(self, subject: str) -> bool:
        return len(subject) <= MAX_SUBJECT_CHARS and self._find(subject) is not None


class _Re2:
    __slots__ = ("_find",)

    def __init__(self, find: Callable[[bytes], object]) -> None:
        self._find = find

    def search(self, subject: str) -> bool:
        if len(subject) > MAX_SUBJECT_CHARS:
            return False
        # A lone surrogate is a character to RE2 as it is to Python, though not to UTF-8.
        return self._find(subject.encode("utf-8", "surrogatepass")) is not None


@lru_cache(maxsize=_REMEMBERED)
def compile_pattern(pattern: str, ignore_case: bool = False) -> Pattern:
    """Compile a pattern.

    Raises:
        PatternError: it is no RE2 pattern, or needs google-re2 where that is not installed.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        found = f"a pattern of {len(pattern)} characters is too long"
        raise PatternError(f"{found}, {MAX_PATTERN_CHARS} are allowed")
    try:
        translated = translate(pattern, ignore_case)
    except NotPortable as reason:
        return _compile_re2(pattern, ignore_case, str(reason))
    return _Portable(re.compile(translated).search)


def is_portable(pattern: str, ignore_case: bool = False) -> bool:
    """Whether the pattern works where google-re2 is not installed."""
    try:
        translate(pattern, ignore_case)
    except NotPortable:
        return False
    return True


def _compile_re2(pattern: str, ignore_case: bool, reason: str) -> Pattern:
    if re2 is None:
        hint = "install flaghoist[re2], or use starts_with, ends_with, contains or in"
        raise PatternError(f"{pattern!r} needs google-re2 ({reason}): {hint}")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _RE2_MEMORY
    try:
        compiled = re2.compile(pattern.encode(), options)
    except UnicodeEncodeError as error:
        raise PatternError(f"{pattern!r} has half a surrogate pair in it") from error
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace")
        raise PatternError(f"{pattern!r} is no RE2 pattern: {why}") from error
    if max(compiled.programsize, compiled.reverseprogramsize) > _MAX_PROGRAM:
        raise PatternError(f"{pattern!r} repeats too much to be quick")
    return _Re2(compiled.search)
