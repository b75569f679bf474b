"""`on`, `off` and `kill`: the state of one flag.

A kill passes everything: it needs no decodable flag, only a document with a `state`, so that
a flag that this version cannot read can be killed too. A kill of a flag that is off already is a
change as well: it is recorded, and the flag counts as killed from then on.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from flaghoist.errors import FlagError
from flaghoist_server.change.change import Edit
from flaghoist_server.change.draft import (
    CommandError,
    Draft,
    flag_document,
    flag_of,
    unknown,
)
from flaghoist_server.change.effect import effect_notes
from flaghoist_server.change.state import State

__all__ = ["switched"]


def switched(state: State, key: str, to: Literal["on", "off", "kill"]) -> tuple[Draft, list[str]]:
    """The edit that switches flag `key`, and notes.

    Raises:
        CommandError: there is no such flag.
    """
    stored = state.flags.get(key)
    if stored is None:
        raise unknown("flag", key, state.flags)
    after = _with_state(key, stored.document, "on" if to == "on" else "off")
    draft = Draft(state.head.environment, to, {key: Edit.of(stored.document, after)})
    if to == "kill":
        return (Draft(draft.environment, to) if stored.killed_at else draft), []
    if after == stored.document:
        return Draft(draft.environment, to), []
    return draft, _notes(state, key, after) if to == "on" else []


def _with_state(key: str, document: bytes, to: Literal["on", "off"]) -> bytes:
    try:
        return flag_document(key, replace(flag_of(key, document), state=to))
    except FlagError as error:
        if to == "on":
            raise CommandError(
                f"flag {key!r} cannot be read by this version ({error}); "
                "it can be switched off, not on"
            ) from error
    fields: dict[str, Any] = msgspec.json.decode(document)
    return msgspec.json.encode(fields | {"state": to})


def _notes(state: State, key: str, document: bytes) -> list[str]:
    killed_at = state.flags[key].killed_at
    notes = [f"it was off by a kill since {killed_at}"] if killed_at else []
    return notes + effect_notes(state, key, flag_of(key, document))
