"""What the link's thread does for a client that has a server: first the disk, then the net."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from flaghoist.link.cache import DiskCache
from flaghoist.link.sources import from_cache, from_flag_file
from flaghoist.telemetry.reporter import Reporter

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding
    from flaghoist.link.thread import Link

__all__ = ["ServerWork"]


class ServerWork:
    """Loads the last known good, then follows the server."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._reporter = Reporter(holding.lookup.counters)
        self._loop: Any = None

    def run(self, link: Link, delay_s: float) -> None:
        """Runs in the link's thread until the link is stopped."""
        cache = self._open_cache()
        self._load(cache)
        if not self._holding.settings.connects:
            self._holding.readiness.open()
            return
        # Before any delay: a fork that comes now finds no import half done.
        asyncio = importlib.import_module("asyncio")
        loop = importlib.import_module("flaghoist.link.loop")
        supervisor = importlib.import_module("flaghoist.link.supervisor")
        importlib.import_module("encodings.idna")  # which looking a name up would import
        link.rest(delay_s)
        self._loop = loop.LinkLoop(link.gate)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(supervisor.supervise(link, self._holding, self._reporter, cache))
        self._loop = None

    def forked(self) -> None:
        """In a child: the parent's connection and what the parent has counted are its own."""
        if self._loop is not None:
            self._loop.abandon()
            _graveyard.append(self._loop)
            self._loop = None
        self._holding.forked()
        self._reporter.forked()

    def failed(self, reason: str) -> None:
        """The thread is not there: what is held stays, and says why nothing new comes."""
        self._holding.lost()
        self._holding.last_error = f"the link does not run: {reason}"
        self._holding.readiness.open()

    def _open_cache(self) -> DiskCache | None:
        settings = self._holding.settings
        try:
            token = settings.current_token()
        except OSError:
            return None  # said when connecting
        return DiskCache(settings.cache_dir, token) if settings.cache_dir else None

    def _load(self, cache: DiskCache | None) -> None:
        """The best there is on disk, if there is nothing yet."""
        holding = self._holding
        if holding.snapshot.loaded:
            return
        snapshot = None if cache is None else from_cache(cache, holding.snapshot)
        if snapshot is not None:
            holding.adopt(snapshot, "cache")
        elif holding.settings.bootstrap:
            self._bootstrap()

    def _bootstrap(self) -> None:
        holding, settings = self._holding, self._holding.settings
        try:
            snapshot = from_flag_file(settings.bootstrap, settings.environment, holding.snapshot)
        except Exception as error:  # noqa: BLE001 - an unusable file leaves the next source
            holding.trouble("bootstrap", f"the bootstrap file cannot be used: {error}")
        else:
            holding.adopt(snapshot, "bootstrap")


_graveyard: list[Any] = []
"""Loops of the parent in a child: kept, so that none of their coroutines is ever resumed."""
