"""Flags as they were: a state of the past is the fold of its log up to there.

An entry is found by its version or by a time: the newest that was made at or before it. Versions
and times rise together in a log, so going back page by page from the end finds it.
"""

from __future__ import annotations

from datetime import datetime

from flaghoist.snapshot import Snapshot
from flaghoist_server.api.problem import Refusal
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.change.state import State
from flaghoist_server.store.port import Store

__all__ = ["past_snapshot", "past_state"]

_PAGE = 200


async def past_snapshot(store: Store, environment: str, at: int | str) -> Snapshot:
    """The flags as they were, compiled. Raises: Refusal, StoreError."""
    state = await past_state(store, environment, at)
    flags = {key: (flag.version, flag.document) for key, flag in state.flags.items()}
    head = state.head
    return Snapshot.of(environment, head.epoch, head.version, flags, state.segments)


async def past_state(store: Store, environment: str, at: int | str) -> State:
    """The environment at version `at`, or at that time. Raises: Refusal, StoreError."""
    version = at if isinstance(at, int) else await _version_at(store, environment, at)
    state = await store.base(environment, version) or empty(environment)
    while state.head.version < version:
        page = await store.read(environment, state.head.version, _PAGE)
        page = [change for change in page if change.version <= version]
        if not page:
            break
        state = fold_all(state, page)
    if state.head.version != version or version < 1:
        raise Refusal(404, f"{environment!r} has no version {version}", kind="unknown-version")
    return state


async def _version_at(store: Store, environment: str, at: str) -> int:
    moment = _moment(at)
    before = None
    while page := await store.history(environment, None, _PAGE, before):
        for change in page:
            if _moment(change.at) <= moment:
                return change.version
        before = page[-1].version
    raise Refusal(404, f"{environment!r} did not exist at {at}", kind="unknown-version")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        expected = "a version, or a time such as 2027-03-31T12:00:00Z, is expected"
        raise Refusal(422, f"{text!r} is neither a version nor a time; {expected}")
    return moment
