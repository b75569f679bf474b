"""Snapshots of states in Redis: they bound the replay of a log, and can be lost without harm.

A snapshot is due once as many entries have come since the last one as the state has documents, and
at least `AT_LEAST`: reading a state then never replays more than its own size, and all snapshots
together are never larger than the log.
"""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from flaghoist_server.store.port import State
from flaghoist_server.store.redis.keys import Keys
from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.wire import Command

__all__ = ["AT_LEAST", "keep", "newest"]

AT_LEAST: Final = 256

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode

LOAD_PATIENCE_S: Final = 5.0
"""A snapshot of ten thousand flags is megabytes; nobody waits for a write here."""


async def keep(line: Line, keys: Keys, state: State) -> None:
    """Keep `state` as a snapshot, and say when the next one is due."""
    name, version = state.head.environment, state.head.version
    due = version + max(AT_LEAST, len(state.flags) + len(state.segments))
    body = zlib.compress(_encode(state), level=1)
    await line.call(
        name,
        ["HSET", keys.snapshots(name), version, body],
        ["HSET", keys.head(name), "snapshot_due", due],
        patience_s=LOAD_PATIENCE_S,
    )


async def newest(line: Line, keys: Keys, name: str, at_or_below: int | None = None) -> State | None:
    """The newest snapshot of an environment, or the newest one not above a version."""
    (listed,) = await line.call(name, ["HKEYS", keys.snapshots(name)])
    versions = [int(version) for version in listed]
    fitting = [v for v in versions if at_or_below is None or v <= at_or_below]
    if not fitting:
        return None
    wanted: Command = ["HGET", keys.snapshots(name), max(fitting)]
    (body,) = await line.call(name, wanted, patience_s=LOAD_PATIENCE_S)
    return _decode(zlib.decompress(body)) if body else None
