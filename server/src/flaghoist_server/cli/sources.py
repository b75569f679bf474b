"""Flag files as they are given to `check`, `plan` and `apply`: one or several, read as one.

Several files together are one flag file: a rule of one may name a segment of another. Whatever is
wrong with it, found here or by the server, is said with the file, line and column where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from flaghoist.model.document import FlagFile, check_document
from flaghoist.model.flagfile import read_source
from flaghoist.model.positions import Source, TextError, in_file, locate
from flaghoist.model.problem import FileProblem, Problem
from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.files import read

__all__ = ["Sources", "read_texts", "refused"]

SECTIONS = ("segments", "flags")


class _Given(NamedTuple):
    """One file."""

    name: str
    source: Source

    def section(self, section: str | int) -> dict[str, Any]:
        """Its flags, or its segments."""
        data = self.source.data
        found = data.get(section) if isinstance(data, dict) and section in SECTIONS else None
        return found if isinstance(found, dict) else {}

    def frame_problems(self) -> list[FileProblem]:
        """What is wrong with it beside its flags and segments."""
        data = self.source.data
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if not self.section(name)}
        _, problems = check_document(data)
        tree = self.source.tree
        return [in_file(p, self.name, locate(tree(), p.path, at_key=p.at_key)) for p in problems]

    def twice(self, section: str, name: str, other: _Given) -> FileProblem:
        """That this file has what another one has already."""
        where = locate(other.source.tree(), (section, name), at_key=True)
        problem = Problem(
            (section, name),
            f"{name!r} stands in {other.name}:{where.line} already",
            "each in one file only",
            at_key=True,
        )
        return in_file(problem, self.name, locate(self.source.tree(), problem.path, at_key=True))


class Sources:
    """The files, the flag file that they make together, and the way back to their lines.

    Raises: CommandFailed with every problem, when they are refused.
    """

    def __init__(self, texts: Iterable[tuple[str, bytes]]) -> None:
        self._given: list[_Given] = []
        found = [problem for name, text in texts for problem in self._take(name, text)]
        if found:
            raise refused(found)
        if len(self._given) == 1:
            self.document = self._given[0].source.data
        else:
            self.document, found = self._together()
        file, problems = check_document(self.document)
        found += self.placed(problems)
        if file is None or found:
            raise refused(found)
        self.file: FlagFile = file

    def _take(self, name: str, text: bytes) -> list[FileProblem]:
        """Read one more file; what is wrong with its text."""
        try:
            source = read_source(text, name)
        except TextError as error:
            return [in_file(error.problem, name, error.place)]
        self._given.append(_Given(name, source))
        return [in_file(problem, name, place) for place, problem in source.problems]

    def placed(self, problems: Iterable[Problem]) -> list[FileProblem]:
        """The problems of the document, each at its place in its file."""
        placed = [self._place(problem) for problem in problems]
        return sorted(placed, key=lambda problem: (problem.file, problem.line, problem.column))

    def placed_failure(self, failure: CommandFailed) -> CommandFailed:
        """The server's refusal of the document with its places; any other failure as it is."""
        told = failure.details.get("problem", {}).get("problems")
        if not told:
            return failure
        problems = [
            Problem(tuple(one["path"]), one["message"], one.get("expected", "")) for one in told
        ]
        return refused(self.placed(problems))

    def _place(self, problem: Problem) -> FileProblem:
        owner = self._owner(problem.path)
        place = locate(owner.source.tree(), problem.path, at_key=problem.at_key)
        return in_file(problem, owner.name, place)

    def _owner(self, path: Sequence[str | int]) -> _Given:
        """The file in which the flag or segment of this path stands; the first, if none has it."""
        section, name = [*path, "", ""][:2]
        having = (given for given in self._given if name in given.section(section))
        return next(having, self._given[0])

    def _together(self) -> tuple[dict[str, Any], list[FileProblem]]:
        """One document of all of them, and what stands in two of them."""
        whole: dict[str, Any] = {}
        twice = [problem for given in self._given for problem in given.frame_problems()]
        if twice:
            raise refused(twice)
        for given in reversed(self._given):
            whole |= given.source.data
        for section in SECTIONS:
            owners: dict[str, _Given] = {}
            for given in self._given:
                for name in given.section(section):
                    if name in owners:
                        twice.append(given.twice(section, name, owners[name]))
                    owners[name] = given
            whole[section] = {name: given.section(section)[name] for name, given in owners.items()}
        return whole, twice


def read_texts(names: Sequence[str]) -> list[tuple[str, bytes]]:
    """The files' names and contents; `-` is standard input.

    Raises: CommandFailed where one cannot be read.
    """
    return [(_shown(name), read(name)) for name in names]


def refused(problems: Iterable[FileProblem]) -> CommandFailed:
    """The files are refused: a line a problem, and the same for programs."""
    found = list(problems)
    rows = [
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "message": problem.message,
            "expected": problem.expected,
        }
        for problem in found
    ]
    lines = "\n".join(map(str, found))
    return CommandFailed(lines, BAD_INPUT, {"problems": rows}, says_where=True)


def _shown(name: str) -> str:
    return "<stdin>" if name == "-" else name
