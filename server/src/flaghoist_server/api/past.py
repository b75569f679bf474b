"""Flags as they were, compiled for a request that names a version or a time."""

from __future__ import annotations

from flaghoist.snapshot import Snapshot
from flaghoist_server.api.problem import Refusal
from flaghoist_server.feed.history import NoSuchPast, NotATime, state_at
from flaghoist_server.store.port import Store

__all__ = ["past_snapshot"]


async def past_snapshot(store: Store, environment: str, at: int | str) -> Snapshot:
    """The environment at version `at`, or at that time. Raises: Refusal, StoreError."""
    try:
        state = await state_at(store, environment, at)
    except NotATime as error:
        raise Refusal(422, str(error)) from error
    except NoSuchPast as error:
        raise Refusal(404, str(error), kind="unknown-version") from error
    flags = {key: (flag.version, flag.document) for key, flag in state.flags.items()}
    head = state.head
    return Snapshot.of(environment, head.epoch, head.version, flags, state.segments)
