"""Patterns of `matches`: RE2's syntax, the same meaning everywhere, linear time always.

A pattern of the portable subset (`linear`) is run by Python's `re`, in a translation that means
what RE2 means, on every machine. Any other pattern needs google-re2, and is refused where that is
not installed: it is never run by an engine that could take exponential time or that reads it
another way. A subject longer than `MAX_SUBJECT_CHARS` matches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flaghoist.errors import PatternError
from flaghoist.model.limits import MAX_PATTERN_CHARS, MAX_SUBJECT_CHARS

try:
    import re2
except ImportError:  # the extra `re2` is not installed: portable patterns only
    re2 = None

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HAS_RE2", "Pattern", "compile_pattern"]

HAS_RE2 = re2 is not None

# What one pattern's automaton may use; RE2 falls back to a slower linear search beyond it.
_RE2_MEMORY = 1 << 20


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, subject: str) -> bool:
        """Whether the pattern occurs in the subject."""
        ...


class _Re2:
    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], object]) -> None:
        self._find = find

    def search(self, subject: str) -> bool:
        if len(subject) > MAX_SUBJECT_CHARS:
            return False
        try:
            return self._find(subject) is not None
        except UnicodeEncodeError:  # a lone surrogate: RE2 reads UTF-8, which cannot hold it
            return False


def compile_pattern(pattern: str, ignore_case: bool = False) -> Pattern:
    """Compile a pattern.

    Raises:
        PatternError: it is no RE2 pattern, or needs google-re2 where that is not installed.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        found = f"{len(pattern)} characters of pattern"
        raise PatternError(f"{found} are more than {MAX_PATTERN_CHARS}")
    return _compile_re2(pattern, ignore_case)


def _compile_re2(pattern: str, ignore_case: bool) -> Pattern:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = _RE2_MEMORY
    try:
        return _Re2(re2.compile(pattern, options).search)
    except (re2.error, UnicodeEncodeError) as error:
        raise PatternError(f"{pattern!r} is no RE2 pattern: {error}") from error
