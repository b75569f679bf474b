"""Everything that Flaghoist raises on purpose.

    FlaghoistError
    ├── DocumentError         a flag file that is already parsed is refused; `.problems` say why
    │   └── FlagFileError     a flag file is refused; its problems carry file, line and column
    ├── FlagError             one flag or segment document cannot be used
    ├── InvalidContext        what was given as a context is none
    └── PatternError          a `matches` pattern is refused

Looking up a flag raises none of them: `is_enabled`, `value` and `evaluate` never raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flaghoist.model.problem import FileProblem, Path, Problem

__all__ = [
    "DocumentError",
    "FlagError",
    "FlagFileError",
    "FlaghoistError",
    "InvalidContext",
    "PatternError",
]


class FlaghoistError(Exception):
    """The base of all errors that Flaghoist raises on purpose."""


class DocumentError(FlaghoistError):
    """A parsed flag file is refused as a whole. `problems` has everything that was found."""

    problems: Sequence[Problem]

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class FlagFileError(DocumentError):
    """A flag file is refused as a whole; its text is one line `file:line:column: …` a problem."""

    problems: Sequence[FileProblem]


class FlagError(FlaghoistError):
    """One flag (or segment) document cannot be used; the others are not concerned.

    `key` is the flag's key or the segment's name, `path` leads to the place in the document.
    """

    def __init__(self, key: str, message: str, path: Path = ()) -> None:
        super().__init__(f"{key!r}: {message}")
        self.key = key
        self.message = message
        self.path = path


class InvalidContext(FlaghoistError):
    """What was given as a context is neither text, nor a mapping, nor a `Context`."""


class PatternError(FlaghoistError):
    """A `matches` pattern is no RE2, or needs RE2 where it is not installed."""
