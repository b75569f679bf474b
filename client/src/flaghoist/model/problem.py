"""What is wrong with a flag document, where, and what was expected instead.

A problem is text for the author of a flag file: lower case, what is wrong with the value in it,
what would be right.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["FileProblem", "Path", "Problem", "path_text", "shown"]

Path = tuple[str | int, ...]
"""The keys and indices that lead from the root of a document to a value."""

_SHOWN_CHARS = 60
_SHOWN_BITS = 200


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong, at a path in a document.

    `at_key`: the last name of the path is itself what is wrong, not the value that it leads to.
    """

    path: Path
    message: str
    expected: str = ""
    at_key: bool = False

    def __str__(self) -> str:
        where = path_text(self.path)
        return f"{where}: {self.sentence}" if where else self.sentence

    @property
    def sentence(self) -> str:
        """What is wrong; what was expected."""
        return f"{self.message}; expected {self.expected}" if self.expected else self.message


class FileProblem(Problem, frozen=True, omit_defaults=True):
    """One thing that is wrong, at a place in a file; lines and columns count from 1."""

    file: str = "<file>"
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.sentence}"


def path_text(path: Path) -> str:
    """A path as people write it: `flags.new-checkout.rules[0].serve`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if step.isprintable() else repr(step)
            text += f".{name}" if text else name
    return text


def shown(value: Any) -> str:
    """A value in a message, as the file's author knows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return "a very long number"  # Python refuses to write it out
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
