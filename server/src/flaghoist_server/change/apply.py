"""`apply`: bring environments to what a flag file says, all of them or none.

Which environments: those that the file names (or the one that the command is narrowed to) get
its flags and segments, and with `prune` lose every other. Definitions and segments are shared,
so any other environment that already has a flag or segment of the file gets its new definition.
A command that is narrowed to one environment may not do that: it is refused, naming the flag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from flaghoist.errors import FlagError
from flaghoist.model.flagfile import FlagFile, environment_of
from flaghoist_server.change.change import Edit
from flaghoist_server.change.draft import (
    CommandError,
    Draft,
    check,
    flag_document,
    flag_of,
    segment_document,
    unknown,
)
from flaghoist_server.change.state import State
from flaghoist_server.change.undo import define

__all__ = ["applied"]


def applied(
    states: Mapping[str, State],
    file: FlagFile,
    environment: str | None,
    kind: Literal["apply", "import"],
    *,
    prune: bool,
) -> tuple[list[Draft], list[str]]:
    """A draft for each environment that the file touches (an empty one where nothing changes).

    Raises:
        CommandError: an environment does not exist, or would not hold together afterwards.
    """
    scope = {environment} if environment is not None else _named(file)
    for name in sorted(scope):
        if name not in states:
            raise unknown("environment", name, states)
    drafts = [
        _draft(state, file, kind, inside=name in scope, prune=prune)
        for name, state in sorted(states.items())
    ]
    if environment is not None:
        _refuse_others(drafts, environment)
    for draft in drafts:
        if draft:
            check(states[draft.environment], draft)
    return drafts, [note for draft in drafts for note in _revivals(states, draft)]


def _named(file: FlagFile) -> set[str]:
    return {name for flag in file.flags.values() for name in flag.environments}


def _draft(
    state: State, file: FlagFile, kind: Literal["apply", "import"], *, inside: bool, prune: bool
) -> Draft:
    environment = state.head.environment
    before = {key: stored.document for key, stored in state.flags.items()}
    flags = dict(_definitions(before, file))
    segments = {
        name: segment_document(segment)
        for name, segment in file.segments.items()
        if inside or name in state.segments
    }
    if inside:
        own, _ = environment_of(file, environment)
        flags |= {key: flag_document(key, flag) for key, flag in own.items()}
    gone = prune and inside
    if gone:
        flags = {key: flags[key] for key in flags if environment in file.flags[key].environments}
    return Draft(
        environment, kind, _edits(before, flags, gone), _edits(state.segments, segments, gone)
    )


def _definitions(before: Mapping[str, bytes], file: FlagFile) -> Iterator[tuple[str, bytes]]:
    """Flags of the file that the environment has already, with the file's definition."""
    for key, definition in file.flags.items():
        if key not in before:
            continue
        try:
            flag = flag_of(key, before[key])
        except FlagError:
            continue  # not readable by this version: left as it is, unless the file replaces it
        yield key, flag_document(key, define(flag, definition))


def _edits(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    prune: bool,
) -> dict[str, Edit]:
    """The edits from `before` to `after`; what is only in `before` goes if it is pruned."""
    edits = {
        name: Edit.of(before.get(name), document)
        for name, document in after.items()
        if before.get(name) != document
    }
    if prune:
        edits |= {name: Edit.of(before[name], None) for name in before if name not in after}
    return edits


def _refuse_others(drafts: list[Draft], environment: str) -> None:
    for draft in drafts:
        if draft and draft.environment != environment:
            name = next(iter(draft.flags or draft.segments))
            raise CommandError(
                f"the definition of {name!r} is shared with environment {draft.environment!r} and "
                f"differs from the file; apply the file without narrowing it to {environment!r}"
            )


def _revivals(states: Mapping[str, State], draft: Draft) -> Iterator[str]:
    """Flags that were killed and that the file switches on again."""
    stored = states[draft.environment].flags
    for key, edit in draft.flags.items():
        document = edit.new
        if document is None or key not in stored or not stored[key].killed_at:
            continue
        if flag_of(key, document).state == "on":
            yield (
                f"{key!r} in {draft.environment!r} was killed at {stored[key].killed_at}; "
                "the file switches it on again"
            )
