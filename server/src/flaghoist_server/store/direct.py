"""Break glass: a kill straight into the store, when no server answers.

It is decided, sealed and appended like any other change, so history has it, running servers
follow it within a poll, and the audit holds. Nothing else may be done this way.
"""

from __future__ import annotations

from flaghoist_server.change.change import Change
from flaghoist_server.change.commands import Author, SetState, decide
from flaghoist_server.change.draft import unknown
from flaghoist_server.store.port import Conflict, Store, StoreUnavailable

__all__ = ["kill_direct"]

_ATTEMPTS = 20


async def kill_direct(
    store: Store, environment: str, key: str, author: Author
) -> tuple[Change | None, int]:
    """Kill flag `key`: the change (None if it was killed already), and the version it stands at.

    Raises:
        CommandError: there is no such environment or flag.
        StoreError: it could not be written.
    """
    for _ in range(_ATTEMPTS):
        state = await store.load(environment)
        if state is None:
            names = [head.environment for head in await store.heads()]
            raise unknown("environment", environment, names)
        command = SetState(key, "kill")
        decision = decide({environment: state}, environment, command, author)
        if not decision.changes:
            return None, state.head.version
        try:
            await store.append(decision.changes)
        except Conflict:
            continue
        return decision.changes[0], decision.changes[0].version
    raise StoreUnavailable("others keep writing to the environment: try again")
