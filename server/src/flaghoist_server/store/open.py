"""From the address of a store to the store: nothing is opened before `start`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flaghoist_server.store.memory import MemoryStore
from flaghoist_server.store.port import Store, StoreError
from flaghoist_server.store.sqlite import SqliteStore

__all__ = ["open_store"]

_FORMS = "sqlite:///PATH, redis://HOST, rediss://HOST, redis+sentinel://HOST,HOST/NAME"


def open_store(url: str, *, exclusive: bool = True) -> Store:
    """The store at `url`, to be started by the caller.

    Args:
        exclusive: whether it is for a server; a command that goes straight to the store, or reads
            beside a running server, says False.

    Raises:
        StoreError: no store is known by such an address.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return SqliteStore(_path(url), exclusive=exclusive)
    if scheme == "memory":
        return MemoryStore(url)
    if scheme in ("redis", "rediss") or scheme.startswith(("redis+", "rediss+")):
        from flaghoist_server.store.redis.store import RedisStore  # noqa: PLC0415  # not for SQLite users

        return RedisStore(url)
    shown = f"{scheme}://…" if scheme else url  # there may be a password in the rest
    raise StoreError(f"{shown!r} is no store's address: it is one of {_FORMS}")


def _path(url: str) -> Path:
    """`sqlite:///name` is relative to the working directory, `sqlite:////name` absolute."""
    rest = url.removeprefix("sqlite:")
    if not rest.startswith("///") or len(rest) == len("///"):
        raise StoreError(f"{url!r} names no file: write sqlite:///PATH, or sqlite:////PATH from /")
    return Path(rest.removeprefix("///"))
