"""What is wrong with a flag document, where, and what was expected instead."""

from __future__ import annotations

import msgspec

__all__ = ["FileProblem", "Path", "Problem", "path_text"]

Path = tuple[str | int, ...]
"""The keys and indices that lead from the root of a document to a value."""


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
            text += f".{step}" if text else step
    return text
