"""Stores for the model: whole logs of them can be put back to what they were, as backups are.

A shelf has one store and opens it for each server. `kept` is what it has now; `put_back` makes it
so again under running servers, None for an empty one: a failover that lost the tail, a backup that
was moved into place, FLUSHALL.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import apsw
from tests.redis_servers import FAST_PLACE, Redis
from tests.stores import FickleStore

from flaghoist_server.store.port import Store
from flaghoist_server.store.redis.store import RedisStore
from flaghoist_server.store.sqlite import SqliteStore

__all__ = ["MemoryShelf", "RedisShelf", "Shelf", "SqliteShelf"]


class Shelf(Protocol):
    """One store, and how many servers may be on it."""

    servers: int
    can_be_away: bool
    can_start_away: bool
    """Whether a server starts while the store is away, from its mirror."""

    def open(self) -> Store:
        """A store for one more server; to be started and closed by its owner."""

    def kept(self) -> Any:
        """Everything that is in it now."""

    def put_back(self, kept: Any) -> None:
        """Have exactly this, None: nothing."""

    def away(self, is_away: bool) -> None:
        """Answer nobody, until told otherwise."""

    def close(self) -> None:
        """The schedule is over."""


class _Deaf:
    """A store of which no hint is heard, so that a server lags until the schedule lets it look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closed = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def hints(self) -> AsyncIterator[str]:
        await self._closed.wait()
        for nothing in ():
            yield nothing

    async def close(self) -> None:
        self._closed.set()
        await self._store.close()


class MemoryShelf:
    """One store in memory that all servers share."""

    servers = 3
    can_be_away = True
    can_start_away = True

    def __init__(self) -> None:
        self._store = FickleStore()

    def open(self) -> Store:
        return _Deaf(self._store)

    def kept(self) -> Any:
        return {name: list(log) for name, log in self._store._logs.items()}

    def put_back(self, kept: Any) -> None:
        self._store.wipe()
        self._store._answers.clear()
        for environment, log in (kept or {}).items():
            self._store.put_log(environment, log)

    def away(self, is_away: bool) -> None:
        self._store.away = is_away

    def close(self) -> None:
        """It goes with the schedule."""


class SqliteShelf:
    """A file, and one server on it; another is moved into its place, the old one's log removed.

    It is away as a volume is that was unmounted: with its folder.
    """

    servers = 1
    can_be_away = True
    can_start_away = False

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="model-", dir=FAST_PLACE)
        self._volume = Path(self._place.name) / "volume"
        self._volume.mkdir()
        self._path = self._volume / "flags.db"

    def open(self) -> Store:
        return _Deaf(SqliteStore(self._path, exclusive=False))

    def kept(self) -> bytes:
        connection = apsw.Connection(str(self._path))
        try:
            return connection.serialize("main")
        finally:
            connection.close()

    def put_back(self, kept: bytes | None) -> None:
        part = self._path.with_suffix(".part")
        part.write_bytes(kept or b"")
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        part.replace(self._path)

    def away(self, is_away: bool) -> None:
        elsewhere = self._volume.with_name("elsewhere")
        if is_away:
            self._volume.rename(elsewhere)
        else:
            elsewhere.rename(self._volume)

    def close(self) -> None:
        self._place.cleanup()


class RedisShelf:
    """A prefix of its own on a Redis that runs for all schedules."""

    servers = 3
    can_be_away = False
    can_start_away = False
    _numbers = itertools.count()

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._prefix = f"m{next(self._numbers)}"

    def open(self) -> Store:
        return _Deaf(RedisStore(f"{self._redis.url}?prefix={self._prefix}"))

    def kept(self) -> dict[bytes, bytes]:
        keys = self._keys()
        dumps = self._redis.ask_all(*(["DUMP", key] for key in keys))
        return dict(zip(keys, dumps, strict=True))

    def put_back(self, kept: dict[bytes, bytes] | None) -> None:
        restored = (["RESTORE", key, 0, dump] for key, dump in (kept or {}).items())
        removed = (["DEL", key] for key in self._keys())
        self._redis.ask_all(["MULTI"], *removed, *restored, ["EXEC"])

    def away(self, is_away: bool) -> None:
        raise NotImplementedError("that is done to a real Redis in test_away.py")

    def close(self) -> None:
        self.put_back(None)

    def _keys(self) -> list[bytes]:
        return list(self._redis.ask("KEYS", f"{self._prefix}*"))
