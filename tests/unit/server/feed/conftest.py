"""A store that can fail, a feed that follows it, and what the feed has told."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from tests.logs import AT
from tests.stores import FickleStore

from flaghoist_server.change.change import Change
from flaghoist_server.feed.environment import LiveEnvironment
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.writer import Writer

POLL_S = 0.01


class Heard:
    """What a listener was told: (environment, version at that time, versions of the changes)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, list[int]]] = []

    def __call__(self, live: LiveEnvironment, changes: Sequence[Change]) -> None:
        self.calls.append((live.name, live.head.version, [change.version for change in changes]))

    @property
    def versions(self) -> list[int]:
        """The versions of all changes, in the order told."""
        return [version for _, _, versions in self.calls for version in versions]


@pytest.fixture
def store() -> FickleStore:
    return FickleStore()


@pytest.fixture
def new_epoch() -> Callable[[], str]:
    """new-1, new-2 …"""
    numbers = itertools.count(1)
    return lambda: f"new-{next(numbers)}"


@pytest.fixture
async def feed(store: FickleStore, new_epoch: Callable[[], str]) -> AsyncIterator[Feed]:
    """Not started; closed at the end."""
    feed = Feed(store, POLL_S, now=lambda: AT, new_epoch=new_epoch)
    yield feed
    await feed.close()
    await store.close()


@pytest.fixture
def heard(feed: Feed) -> Heard:
    heard = Heard()
    feed.listen(heard)
    return heard


@pytest.fixture
def writer(store: FickleStore, feed: Feed, new_epoch: Callable[[], str]) -> Writer:
    return Writer(store, feed, now=lambda: AT, new_epoch=new_epoch)
