"""What the feed has, compared with what the store has; and what a lost tail means.

Theory. A log is a hash chain, so two positions of one epoch tell everything: the same hash is the
same history. A store that stands behind, or at our version with another hash, has lost entries
that it had acknowledged. A store that stands ahead may have lost some too and gone on since; that
shows when its next entry does not follow ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import msgspec

from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change
from flaghoist_server.change.state import Head, State
from flaghoist_server.feed.environment import LiveEnvironment
from flaghoist_server.store.port import Store

__all__ = [
    "Loss",
    "Standing",
    "beginning_of",
    "gone_text",
    "judge",
    "lost_beginning",
    "not_in_log",
    "replaced_text",
]

_PAGE = 1000


class Standing(Enum):
    """How the store stands to what we have: see the module `feed`."""

    SAME = "same"
    AHEAD = "ahead"
    LOST = "lost"
    REPLACED = "replaced"


class Loss(msgspec.Struct, frozen=True):
    """What the store was found to have lost: entries that we had, and the state with them.

    `since` is the version that began the epoch without them.
    """

    at: str
    had: Head
    since: int
    changes: tuple[Change, ...]
    state: State


def judge(known: Head, found: Head) -> Standing:
    """How the store's head stands to the one that we know."""
    if found.epoch != known.epoch:
        return Standing.REPLACED
    if found.version > known.version:
        return Standing.AHEAD
    return Standing.SAME if found.hash == known.hash else Standing.LOST


async def beginning_of(store: Store, head: Head) -> Change | None:
    """The entry that began the epoch of `head`."""
    before: int | None = None
    first: Change | None = None
    while page := await store.history(head.environment, limit=_PAGE, before=before):
        for change in page:
            if change.epoch != head.epoch:
                return first
            first = change
        before = page[-1].version
    return first


async def not_in_log(store: Store, live: LiveEnvironment) -> list[Change]:
    """The recent changes that we have and the store's log has not."""
    recent = live.recent
    if not recent:
        return []
    after = recent[0].version - 1
    logged: set[str] = set()
    while page := await store.read(live.name, after, _PAGE):
        logged.update(change.hash for change in page)
        after = page[-1].version
    return [change for change in recent if change.hash not in logged]


def lost_beginning(found: Head, known: Head, lost: Sequence[Change], epoch: str, at: str) -> Change:
    """The entry that begins an epoch on what the store still has, above all that we have seen."""
    keys = sorted({key for change in lost for key in change.flags})
    named = f" ({', '.join(keys[:20])}{' …' if len(keys) > 20 else ''})" if keys else ""
    if found.version < known.version:
        what = f"the store had lost versions {found.version + 1} to {known.version}"
    else:
        what = f"the store had another version {known.version} than was made"
    change = Change(
        environment=found.environment,
        epoch=epoch,
        version=max(found.version, known.version) + 1,
        kind="restore",
        at=max(at, found.at),
        actor="flaghoist",
        note=f"{what}{named}",
    )
    return chain(change, found.hash)


def gone_text(known: Head) -> str:
    """Why we hold when the store has nothing."""
    return (
        f"the store is empty but this server knows version {known.version} of environment "
        f"{known.environment!r}: put the store's data back, or write what the server knows into "
        "it with `flaghoist recover`"
    )


def replaced_text(known: Head, state: State | None) -> str:
    """Why we hold when the store has something else."""
    if state is None:
        return gone_text(known)
    return (
        f"the store's environment {known.environment!r} was made anew (version "
        f"{state.head.version}, {len(state.flags)} flags) while this server knows version "
        f"{known.version} of another history: `flaghoist recover` puts back what the server knows"
    )
