"""The past: an environment as it was at a version or at a time, read from the log.

A state of the past is the newest snapshot below it and the entries after that, folded. Times rise
with versions (the writer sees to it), so the entry of a time is found by halving the log.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from flaghoist.errors import FlagError
from flaghoist.model.flag import When
from flaghoist.model.moments import parse_moment
from flaghoist_server.change.draft import flag_of, segment_of
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.change.state import State
from flaghoist_server.store.port import Store

__all__ = ["NoSuchPast", "needed_by", "state_at", "version_at"]

_PAGE = 1000


class NoSuchPast(Exception):
    """The environment was not there then, or has no such version; the text says which."""


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
        NoSuchPast: it is no time, or the environment was made later.
        StoreError: the store is away.
    """
    moment = parse_moment(time)
    if moment is None:
        expected = "a version, or a time such as 2027-03-31T12:00:00Z, is expected"
        raise NoSuchPast(f"{time!r} is neither a version nor a time; {expected}")
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


def needed_by(state: State, key: str) -> State:
    """`state` with only what an evaluation of flag `key` looks at: it, what it requires, segments.

    A document that this version cannot read needs nothing.
    """
    flags: dict[str, None] = {}
    segments: dict[str, None] = {}
    waiting = [key]
    while waiting:
        name = waiting.pop()
        stored = state.flags.get(name)
        if name in flags or stored is None:
            continue
        flags[name] = None
        try:
            flag = flag_of(name, stored.document)
        except FlagError:
            continue
        waiting += [requirement.flag for requirement in flag.requires]
        for rule in flag.rules:
            if rule.when is not None:
                _add_segments(state, rule.when, segments)
    return State(
        state.head,
        {name: state.flags[name] for name in flags},
        {name: state.segments[name] for name in segments},
    )


def _add_segments(state: State, when: When, found: dict[str, None]) -> None:
    for name in _segments_of(when):
        if name in found or name not in state.segments:
            continue
        found[name] = None
        try:
            segment = segment_of(name, state.segments[name])
        except FlagError:
            continue
        _add_segments(state, segment.when, found)


def _segments_of(when: When) -> Iterator[str]:
    if when.segment is not UNSET:
        yield when.segment
    if when.not_ is not UNSET:
        yield from _segments_of(when.not_)
    for part in (when.all, when.any):
        for inner in () if part is UNSET else part:
            yield from _segments_of(inner)
