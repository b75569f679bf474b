"""What the link's thread does for a client that may have a server.

Rules: light to import, for it is imported with `flaghoist`. Whatever is heavy is imported by the
thread: the evaluator and the decoder first, so that the last known good is in use as soon as
can be; asyncio and websockets after that, and only if there is a server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding
    from flaghoist.link.thread import Link

__all__ = ["ServerWork"]


class ServerWork:
    """Loads the last known good, then follows the server."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._reporter: Any = None
        self._loop: Any = None

    def run(self, link: Link, delay_s: float) -> None:
        """Runs in the link's thread until the link is stopped."""
        holding = self._holding
        cache = import_module("flaghoist.link.sources").load(holding)
        if not holding.settings.connects:
            holding.readiness.open()
            return
        # Imported before any rest: a fork that comes during it finds no import half done.
        asyncio = import_module("asyncio")
        loop = import_module("flaghoist.link.loop")
        supervisor = import_module("flaghoist.link.supervisor")
        import_module("encodings.idna")  # which looking up a name would import
        link.rest(delay_s)
        if self._reporter is None:
            reporter = import_module("flaghoist.telemetry.reporter")
            self._reporter = reporter.Reporter(holding.engine.load().counters)
        self._loop = loop.LinkLoop(link.gate)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(supervisor.supervise(link, holding, self._reporter, cache))
        self._loop = None

    def forked(self) -> None:
        """In a child: the parent's connection and what the parent has counted are its own."""
        if self._loop is not None:
            self._loop.abandon()
            _graveyard.append(self._loop)
            self._loop = None
        if self._reporter is not None:
            self._reporter.forked()
        self._holding.forked()

    def failed(self, reason: str) -> None:
        """The thread is not there: what is held stays, and says why nothing new comes."""
        self._holding.lost()
        self._holding.last_error = f"the link does not run: {reason}"
        self._holding.readiness.open()


_graveyard: list[Any] = []
"""Loops of the parent in a child: kept, so that none of their coroutines is ever resumed."""
