"""`undo`: a flag back to what it was before its last change, itself a change.

Undoing an undo does the change again. A definition is shared by all environments, so where
another environment has the flag, undo restores the behaviour and leaves the definition alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from flaghoist.errors import FlagError
from flaghoist.model.flag import Flag
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.draft import (
    CommandError,
    Draft,
    check,
    flag_document,
    flag_of,
    unknown,
)
from flaghoist_server.change.state import State

__all__ = ["SHARED", "define", "undone"]

SHARED = ("type", "variants", "description", "owner", "kind", "expires", "tags")
"""The fields of a flag that are its definition: the same in every environment."""


def undone(
    states: Mapping[str, State], environment: str, key: str, last: Change | None
) -> tuple[Draft, list[str]]:
    """The edit that takes back `last`, the newest entry that touches flag `key`, and notes.

    Raises:
        CommandError: there is nothing to take back, or what was before no longer fits.
    """
    state = states[environment]
    stored = state.flags.get(key)
    if last is None or key not in last.flags:
        if stored is None:
            raise unknown("flag", key, state.flags)
        raise CommandError(f"flag {key!r} has no change that could be undone")
    current = stored.document if stored else None
    target = last.flags[key].old
    if target is not None:
        target = _with_shared_definition(states, environment, key, target)
    if target == current:
        return Draft(environment, "undo"), [f"its last change ({last.kind}) left it as it was"]
    draft = Draft(environment, "undo", {key: Edit.of(current, target)})
    check(state, draft)
    return draft, []


def define(flag: Flag, definition: object) -> Flag:
    """`flag` with the shared fields of `definition` (a flag, or a definition of a flag file)."""
    return replace(flag, **{name: getattr(definition, name) for name in SHARED})


def _with_shared_definition(
    states: Mapping[str, State], environment: str, key: str, document: bytes
) -> bytes:
    """`document` with the definition that other environments have of the flag, if any has."""
    for name, state in states.items():
        if name == environment or key not in state.flags:
            continue
        try:
            definition = flag_of(key, state.flags[key].document)
            return flag_document(key, define(flag_of(key, document), definition))
        except FlagError:
            continue
    return document
