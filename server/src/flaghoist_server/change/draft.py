"""A change before it is sealed, the documents in it, and the refusal to make one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from flaghoist.errors import FlagError
from flaghoist.model.decode import decode_flag, decode_segment
from flaghoist.model.digest import canonical, canonical_flag, normalise_segment
from flaghoist.model.flag import Flag, Segment
from flaghoist.model.problem import Problem
from flaghoist.model.validation import check_environment
from flaghoist_server.change.change import ChangeKind, Edit
from flaghoist_server.change.state import State

__all__ = [
    "CommandError",
    "Draft",
    "RefusalCode",
    "check",
    "flag_document",
    "flag_of",
    "named_flag",
    "segment_document",
    "segment_of",
    "unknown",
]

RefusalCode = Literal["unknown_flag", "unknown_environment", "invalid"]

_KEPT_DECODED = 32_768
"""Flags kept decoded: one environment at its limit, so that a check of it all is quick."""


class CommandError(Exception):
    """The command cannot be done, and nothing was changed.

    `code` is the kind of refusal; `problems` are the places in documents that are wrong.
    """

    def __init__(
        self, message: str, code: RefusalCode = "invalid", problems: Sequence[Problem] = ()
    ) -> None:
        self.code = code
        self.problems = list(problems)
        super().__init__(message)


class Draft(msgspec.Struct, frozen=True):
    """The edits that one environment would get. False when there is none."""

    environment: str
    kind: ChangeKind
    flags: dict[str, Edit] = msgspec.field(default_factory=dict)
    segments: dict[str, Edit] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.flags or self.segments)


def unknown(what: Literal["flag", "environment"], name: str, names: Iterable[str]) -> CommandError:
    """The refusal of a name that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name, list(names), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    code: RefusalCode = "unknown_flag" if what == "flag" else "unknown_environment"
    return CommandError(f"there is no {what} {name!r}{hint}", code)


@lru_cache(maxsize=_KEPT_DECODED)
def flag_of(key: str, document: bytes) -> Flag:
    """The flag of a document.

    Raises:
        FlagError: it is none, or one of a newer version.
    """
    return decode_flag(key, document)


@lru_cache(maxsize=_KEPT_DECODED)
def segment_of(name: str, document: bytes) -> Segment:
    """The segment of a document.

    Raises:
        FlagError: it is none, or one of a newer version.
    """
    return decode_segment(name, document)


def named_flag(state: State, key: str) -> tuple[bytes, Flag]:
    """The document and the flag of this key.

    Raises:
        CommandError: there is none, or this version cannot read it.
    """
    stored = state.flags.get(key)
    if stored is None:
        raise unknown("flag", key, state.flags)
    try:
        return stored.document, flag_of(key, stored.document)
    except FlagError as error:
        raise CommandError(
            f"flag {key!r} cannot be read by this version ({error}); kill still works on it"
        ) from error


def flag_document(key: str, flag: Flag) -> bytes:
    """The canonical document of a flag."""
    return canonical_flag(key, flag)


def segment_document(segment: Segment) -> bytes:
    """The canonical document of a segment."""
    return canonical(normalise_segment(segment))


def check(state: State, draft: Draft) -> None:
    """Refuse a draft after which an SDK would refuse a flag that it did not refuse before.

    Raises:
        CommandError: with every problem and its path.
    """
    problems = _problems(state, draft)
    if problems:
        known = set(map(str, _problems(state, Draft(draft.environment, draft.kind))))
        problems = [problem for problem in problems if str(problem) not in known]
    if problems:
        raise CommandError(
            f"environment {draft.environment!r} would not hold together: {problems[0]}",
            problems=problems,
        )


def _problems(state: State, draft: Draft) -> list[Problem]:
    """What is wrong with the environment once it has the draft's edits."""
    problems: list[Problem] = []
    flags: dict[str, Flag] = {}
    for key, document in _after({k: f.document for k, f in state.flags.items()}, draft.flags):
        try:
            flags[key] = flag_of(key, document)
        except FlagError as error:
            problems.append(Problem(("flags", key, *error.path), str(error)))
    segments: dict[str, Segment] = {}
    for name, document in _after(state.segments, draft.segments):
        try:
            segments[name] = segment_of(name, document)
        except FlagError as error:
            problems.append(Problem(("segments", name, *error.path), str(error)))
    return problems + check_environment(flags, segments)


def _after(documents: dict[str, bytes], edits: dict[str, Edit]) -> Iterable[tuple[str, bytes]]:
    """The documents once the edits are made."""
    for name, document in (documents | {name: edit.new for name, edit in edits.items()}).items():
        if document is not None:
            yield name, document
