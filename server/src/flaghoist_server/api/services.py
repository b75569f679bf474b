"""What handlers work with: the parts of one running server, handed in and never looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from flaghoist_server.api.tokens import TokenBook
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.writer import Writer
from flaghoist_server.fleet.fleet import Fleet
from flaghoist_server.hub.hub import Hub
from flaghoist_server.settings import Settings
from flaghoist_server.store.port import Store

__all__ = ["Readiness", "Services"]


@dataclass(slots=True)
class Readiness:
    """Whether traffic should come here, and if not, why."""

    loaded: bool = False
    """Flags are there to be served; that stays so when the store goes away."""
    waiting_for: str = "the store is being opened"
    """Why nothing is loaded yet, in words for a person."""
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once, when the server has begun to leave: long answers end then."""

    @property
    def because(self) -> str:
        """Why not to send traffic here; "" when ready."""
        if self.draining.is_set():
            return "draining"
        return "" if self.loaded else self.waiting_for


@dataclass(frozen=True, slots=True)
class Services:
    """A handler asks for `services: Services` and gets this (dependency injection).

    `now` is UTC as RFC 3339 text with milliseconds, as it stands in changes.
    """

    settings: Settings
    store: Store
    feed: Feed
    writer: Writer
    fleet: Fleet
    hub: Hub
    tokens: TokenBook
    readiness: Readiness
    now: Callable[[], str]
