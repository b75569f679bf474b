"""The past: an environment as it was at a version or at a time, read from the log.

A state of the past is the newest snapshot below it and the entries after that, folded. Times rise
with versions (the writer sees to it), so the entry of a time is found by halving the log.
"""

from __future__ import annotations

from flaghoist.model.moments import parse_moment
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.change.state import State
from flaghoist_server.store.port import Store

__all__ = ["NoSuchPast", "NotATime", "state_at", "version_at"]

_PAGE = 1000


class NoSuchPast(Exception):
    """The environment was not there then, or has no such version; the text says which."""


class NotATime(NoSuchPast):
    """What was asked for is no time at all."""


async def state_at(store: Store, environment: str, at: int | str) -> State:
    """The environment at a version, or at a time (RFC 3339).

    Raises:
        NoSuchPast: there is no such version, or the environment was made later.
        StoreError: the store is away.
    """
    version = at if isinstance(at, int) else await version_at(store, environment, at)
    state = await store.base(environment, version) or empty(environment)
    while state.head.version < version:
        page = await store.read(environment, state.head.version, _PAGE)
        entries = [change for change in page if change.version <= version]
        if not entries:
            break
        state = fold_all(state, entries)
    if version < 1 or state.head.version != version:
        raise NoSuchPast(f"environment {environment!r} has no version {version}")
    return state


async def version_at(store: Store, environment: str, time: str) -> int:
    """The version that an environment had at a time.

    Raises:
        NotATime: it is no time.
        NoSuchPast: the environment was made later.
        StoreError: the store is away.
    """
    moment = parse_moment(time)
    if moment is None:
        expected = "a version, or a time such as 2027-03-31T12:00:00Z, is expected"
        raise NotATime(f"{time!r} is neither a version nor a time; {expected}")
    newest = await store.history(environment, limit=1)
    low, high = 0, newest[0].version if newest else 0  # the entry is above low, and not above high
    found = 0
    while low < high:
        middle = (low + high) // 2
        (entry,) = await store.read(environment, middle, 1)
        if (parse_moment(entry.at) or 0) <= moment:
            found = low = entry.version
        else:
            high = middle
    if not found:
        raise NoSuchPast(f"environment {environment!r} did not exist at {time}")
    return found
