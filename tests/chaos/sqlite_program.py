"""A process that writes to a SQLite store and says each version that was acknowledged.

`sqlite_program.py PATH WRITES [STEP]`: it ends after so many writes, is killed from outside, or
kills itself just before the statement with the number STEP, counted over all its connections.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

import apsw

from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.fold import fold
from flaghoist_server.change.state import State
from flaghoist_server.store import sqlite

ENVIRONMENT = "production"
AT = "2027-01-01T00:00:00.000Z"


def next_change(state: State) -> Change:
    """One more edit of one of seven flags."""
    version = state.head.version + 1
    key = f"flag-{version % 7}"
    old = state.flags.get(key)
    edit = Edit.of(old.document if old else None, b'{"description":"%d"}' % version)
    change = Change(ENVIRONMENT, "e1", version, "apply", AT, "ada", flags={key: edit})
    return chain(change, state.head.hash)


async def write(path: Path, writes: int) -> None:
    store = sqlite.SqliteStore(path)
    await store.start()
    state = await store.load(ENVIRONMENT)
    if state is None:
        await store.begin(chain(Change(ENVIRONMENT, "e1", 1, "create", AT, "ada"), ""), None)
        state = await store.load(ENVIRONMENT)
    for _ in range(writes):
        assert state is not None
        change = next_change(state)
        await store.append([change])
        state = fold(state, change)
        print(change.version, flush=True)
    await store.close()
    print(f"statements {_count}", flush=True)


_count = 0


def _die_at(step: int) -> None:
    steps = itertools.count(1)

    def look(_cursor: Any, _sql: str, _bindings: Any) -> bool:
        global _count  # a program's own counter
        _count = next(steps)
        if _count == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    apsw.connection_hooks.append(lambda connection: setattr(connection, "exec_trace", look))


if __name__ == "__main__":
    sqlite.SNAPSHOT_EVERY = 2  # so that a few writes make snapshots, too
    _die_at(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2])))
