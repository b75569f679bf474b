"""The rows of a flag list: what a flag is, what it does now, and who has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flaghoist.errors import FlagError
from flaghoist.model.digest import digest
from flaghoist_server.api.effective import effective
from flaghoist_server.change.draft import flag_of
from flaghoist_server.change.state import State, StoredFlag
from flaghoist_server.fleet.board import Part

__all__ = ["row", "rows"]


def rows(
    state: State, parts: Sequence[Part], keys: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """A row for each flag, by key; or for those of `keys` that exist."""
    wanted = sorted(state.flags if keys is None else state.flags.keys() & set(keys))
    return [row(key, state.flags[key], parts) for key in wanted]


def row(key: str, stored: StoredFlag, parts: Sequence[Part]) -> dict[str, Any]:
    """One flag in the list. A flag that cannot be read has its key and no more to show."""
    try:
        flag = flag_of(key, stored.document)
    except FlagError as error:
        shown: dict[str, Any] = {"effective": "unreadable", "error": str(error), "state": None}
    else:
        shown = {
            "type": flag.type,
            "description": flag.description,
            "owner": flag.owner,
            "tags": flag.tags,
            "kind": flag.kind,
            "expires": flag.expires,
            "state": flag.state,
            "effective": effective(flag, killed=bool(stored.killed_at)),
        }
    return {
        "key": key,
        **shown,
        "version": stored.version,
        "digest": digest(stored.document),
        "changed_at": stored.at,
        "changed_by": stored.actor,
        "reason": stored.reason,
        "killed_at": stored.killed_at or None,
        "applied": sum(part.applied(stored.version) for part in parts),
        "connected": sum(part.connected for part in parts),
    }
