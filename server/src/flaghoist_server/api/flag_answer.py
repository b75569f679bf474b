"""One flag as in a flag file, with what is known of it beside it. Pure."""

from __future__ import annotations

from typing import Any

from flaghoist.errors import FlagError
from flaghoist.model.digest import digest
from flaghoist.model.flagfile import file_of
from flaghoist_server.change.draft import flag_of
from flaghoist_server.change.state import StoredFlag

__all__ = ["flag_answer"]


def flag_answer(environment: str, key: str, stored: StoredFlag) -> dict[str, Any]:
    """Definition and behaviour as a file has them, then key, version, digest and last change.

    A flag that this version cannot read is shown by what is known beside it, and `error`.
    """
    try:
        flag = flag_of(key, stored.document)
        shown: dict[str, Any] = dict(file_of({environment: ({key: flag}, {})})["flags"][key])
    except FlagError as error:
        shown = {"error": str(error)}
    return shown | {
        "key": key,
        "environment": environment,
        "version": stored.version,
        "digest": digest(stored.document),
        "changed_at": stored.at,
        "changed_by": stored.actor,
        "reason": stored.reason,
        "killed_at": stored.killed_at or None,
    }
