"""One suite over all stores: `store` is each of them in turn, started and empty.

Every Redis that this machine has is one of them, and a Cluster of three is another. Their servers
start once; a test has keys under a prefix of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.redis_bin import all_binaries
from tests.redis_servers import Cluster, Redis

from flaghoist_server.store.open import open_store
from flaghoist_server.store.port import Store

REDIS = [f"redis-{version}" for version in all_binaries()]
STORES = ["memory", "sqlite", *REDIS, "redis-cluster"]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def redis_urls() -> Iterator[Callable[[str], str]]:
    """URL of a kind of Redis, under a new prefix; its server is started when first asked for."""
    running: dict[str, Redis | Cluster] = {}

    def url(kind: str) -> str:
        if kind not in running:
            binary = all_binaries().get(kind.removeprefix("redis-"))
            server = Redis(binary) if binary else Cluster()
            running[kind] = server.__enter__()
        return f"{running[kind].url}?prefix=t{next(_numbers)}"

    yield url
    for server in running.values():
        server.__exit__(None, None, None)


@pytest.fixture(params=STORES)
def store_url(
    request: pytest.FixtureRequest, tmp_path: Path, redis_urls: Callable[[str], str]
) -> str:
    """Where an empty store of each kind is."""
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'flags.db'}"
    return redis_urls(request.param)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A started store with nothing in it."""
    store = open_store(store_url)
    await store.start()
    yield store
    await store.close()
