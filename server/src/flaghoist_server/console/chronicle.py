"""What was changed, as a page shows it: one flag's history, and a whole environment's.

Rules: a change is shown for what it did, in sentences, with the documents beneath. A change of many
flags names the first few and counts the others: a page is for reading, the command for all of it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flaghoist.errors import FlagError
from flaghoist.model.flag import Flag
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.draft import flag_of
from flaghoist_server.console.desk import Desk
from flaghoist_server.console.views import Edited, Entry, Past, flag_url, list_url
from flaghoist_server.console.words.differences import differences, documents_diff
from flaghoist_server.console.words.states import effective

__all__ = ["PER_PAGE", "environment_past", "flag_past", "undo_says"]

PER_PAGE = 50
_FLAG_ENTRIES = 20
_EDITS = 10


async def environment_past(desk: Desk, environment: str, before: int | None) -> Past:
    """An environment's changes below version `before`; None: the newest."""
    changes, trouble = await desk.history(environment, None, PER_PAGE + 1, before)
    shown, older = changes[:PER_PAGE], ""
    if len(changes) > PER_PAGE:
        query = urlencode({"before": shown[-1].version})
        older = f"{list_url(environment)}/history?{query}"
    return Past([_entry(desk, change, list(change.flags)) for change in shown], older, trouble)


async def flag_past(desk: Desk, environment: str, key: str) -> tuple[Past, list[Change]]:
    """A flag's newest changes, also as they stand in the log."""
    changes, trouble = await desk.history(environment, key, _FLAG_ENTRIES + 1)
    shown = changes[:_FLAG_ENTRIES]
    older = f"{list_url(environment)}/history" if len(changes) > _FLAG_ENTRIES else ""
    return Past([_entry(desk, change, [key]) for change in shown], older, trouble), changes


def undo_says(key: str, last: Change | None) -> str:
    """What undoing `last` comes to; "" where nothing can be undone."""
    if last is None or key not in last.flags:
        return ""
    before = last.flags[key].old
    if before is None:
        return f"takes the flag away again, as before v {last.version}"
    was = _readable(key, before)
    return f"back to {effective(was).text}, as before v {last.version}" if was else ""


def _entry(desk: Desk, change: Change, keys: list[str]) -> Entry:
    flags = desk.state(change.environment).flags
    return Entry(
        version=change.version,
        kind=change.kind,
        at=change.at,
        actor=change.actor,
        reason=change.reason,
        note=change.note,
        edited=[
            _edited(
                key, flag_url(change.environment, key) if key in flags else "", change.flags[key]
            )
            for key in keys[:_EDITS]
        ],
        more=max(0, len(keys) - _EDITS),
        segments=list(change.segments),
    )


def _edited(key: str, url: str, edit: Edit) -> Edited:
    before, after = edit.old, edit.new
    lines = differences(_readable(key, before), _readable(key, after))
    return Edited(key, url, lines, documents_diff(before, after) if before and after else [])


def _readable(key: str, document: bytes | None) -> Flag | None:
    try:
        return flag_of(key, document) if document is not None else None
    except FlagError:
        return None
