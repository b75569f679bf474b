"""Where in a text a value stands: a tree of places beside the plain data that was read from it.

A reader (`json_text`, `yaml_text`) turns text into a `Source`: plain data as everyone uses it,
the problems of the text itself, and a way to find the line and column of a path. A file without
a problem never asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from flaghoist.model.problem import FileProblem, Path, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Node", "Place", "Source", "TextError", "in_file", "locate"]


class Place(NamedTuple):
    """Line and column, both from 1; columns count characters."""

    line: int
    column: int


class Node(msgspec.Struct):
    """The place of a value, and the nodes of what it contains with the places of their keys."""

    place: Place
    members: dict[str | int, tuple[Place, Node]] = msgspec.field(default_factory=dict)


class Source(NamedTuple):
    """A text that was read."""

    data: Any
    tree: Callable[[], Node]
    """The places of `data`."""
    problems: list[tuple[Place, Problem]]
    """What is wrong with the text although it could be read: a key that is there twice."""


class TextError(Exception):
    """The text cannot be read any further."""

    def __init__(self, place: Place, message: str, expected: str) -> None:
        super().__init__(message)
        self.place = place
        self.problem = Problem((), message, expected)


def locate(root: Node, path: Path, *, at_key: bool = False) -> Place:
    """The place of a path; of the nearest thing around it if the path leads to nothing."""
    place, node = root.place, root
    for step in path:
        found = node.members.get(step)
        if found is None:
            return node.place
        place, node = found
    return place if at_key else node.place


def in_file(problem: Problem, file: str, place: Place) -> FileProblem:
    """The same problem, at its place in a file."""
    return FileProblem(
        problem.path,
        problem.message,
        problem.expected,
        problem.at_key,
        file=file,
        line=place.line,
        column=place.column,
    )
