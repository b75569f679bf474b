"""From an address to a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaghoist_server.store.memory import MemoryStore
from flaghoist_server.store.open import open_store
from flaghoist_server.store.port import StoreError
from flaghoist_server.store.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///flags.db", Path("flags.db")),
        ("sqlite:///./data/flags.db", Path("data/flags.db")),
        ("sqlite:////var/lib/flags.db", Path("/var/lib/flags.db")),
        ("sqlite:////tmp/a b?c#d%20.db", Path("/tmp/a b?c#d%20.db")),
    ],
)
def test_a_sqlite_address_is_a_path(url: str, path: Path) -> None:
    """Three slashes: from here. Four: from the root. Any letters."""
    store = open_store(url)

    assert isinstance(store, SqliteStore)
    assert f"sqlite:///{path}" == store.url


def test_a_store_in_memory() -> None:
    """For tests."""
    assert isinstance(open_store("memory://"), MemoryStore)


@pytest.mark.parametrize("url", ["redis://127.0.0.1", "rediss://h:1/2", "redis+cluster://a,b"])
def test_a_redis_address(url: str) -> None:
    """Nothing is connected yet."""
    assert "RedisStore" == type(open_store(url)).__name__


@pytest.mark.parametrize("url", ["", "flags.db", "postgres://h/db", "mysql://", "/var/lib/x"])
def test_an_unknown_address(url: str) -> None:
    """The forms that there are."""
    with pytest.raises(StoreError, match="sqlite:///PATH, redis://HOST"):
        open_store(url)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://", "sqlite:///", "sqlite://flags.db"])
def test_a_sqlite_address_without_a_file(url: str) -> None:
    """Usually a slash is missing."""
    with pytest.raises(StoreError, match="names no file: write sqlite:///PATH"):
        open_store(url)
