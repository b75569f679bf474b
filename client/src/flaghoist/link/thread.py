"""The one background thread of a client: its start, its end, and what a fork does to it.

Rules: what runs in the thread is passed in. Nothing here is called by an evaluation. The thread
is a daemon: it never keeps a program from ending, and none is started while one is ending.

The thread holds `gate` while it works and lets go of it while it sleeps (`forking` says why). In
a forked child every link becomes a new one: the inherited socket is closed (the descriptor only,
without a word to the server, for it is the parent's connection), and a thread of its own waits a
random moment first, since 64 workers are often forked at once.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Protocol

from flaghoist.link import logs
from flaghoist.link.forking import ForkGate, tell_of_forks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Link", "Work"]

STAGGER_S = 2.0
EXIT_PATIENCE_S = 0.25
"""For all links together, when the program ends: counts are sent, sockets closed."""


class Work(Protocol):
    """What a link does in its thread."""

    def run(self, link: Link, delay_s: float) -> None:
        """Runs in the thread, with the gate held, until `link.stopping` is set."""

    def forked(self) -> None:
        """In a child, before its thread starts: forget what was the parent's."""

    def failed(self, reason: str) -> None:
        """The thread could not be started, or ended by a defect of ours."""


class Link:
    """A thread that works until it is stopped. Not started by the constructor."""

    def __init__(self, work: Work) -> None:
        self.gate = ForkGate()
        self.stopping = threading.Event()
        self.wake: Callable[[], None] | None = None
        """Set by the work while it sleeps in a loop of its own: makes it look at `stopping`."""
        self._work = work
        self._thread: threading.Thread | None = None
        _links.add(self)
        tell_of_forks(self)

    @property
    def running(self) -> bool:
        """The thread is there."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self, delay_s: float = 0.0) -> None:
        """Start the thread. It begins to work after `delay_s`."""
        self._thread = threading.Thread(
            target=_run, args=(self, self._work, delay_s), name="flaghoist-link", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            self._thread = None
            self._work.failed(str(error))

    def rest(self, seconds: float) -> None:
        """In the thread, outside of a loop: sleep without the gate, or until stopped."""
        if seconds > 0:
            self.gate.release()
            try:
                self.stopping.wait(seconds)
            finally:
                self.gate.acquire()

    def ask_to_stop(self) -> None:
        """Let the thread end when it can. From any thread, at any time."""
        self.stopping.set()
        wake = self.wake
        if wake is not None:
            wake()

    def stop(self, timeout_s: float) -> bool:
        """Ask the thread to end and wait for it for so long. Whether it has ended."""
        self.ask_to_stop()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return thread is None
        thread.join(timeout_s)
        return not thread.is_alive()

    def forked(self) -> None:
        """In a child: become a link of its own."""
        was_started = self._thread is not None and not self.stopping.is_set()
        self.stopping = threading.Event()
        self.wake = None
        self._thread = None
        self._work.forked()
        if was_started:
            self.start(delay_s=STAGGER_S * os.urandom(1)[0] / 256)


def _run(link: Link, work: Work, delay_s: float) -> None:
    with link.gate:
        try:
            work.run(link, delay_s)
        except Exception as error:  # noqa: BLE001 - the last resort: the application must not see it
            work.failed(repr(error))
            logs.failed("link_defect", "the link has ended by a defect")


_links: weakref.WeakSet[Link] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    """The program ends: all at once, and not for longer than anybody would notice."""
    links = [link for link in list(_links) if link.running]
    for link in links:
        link.ask_to_stop()
    deadline = time.monotonic() + EXIT_PATIENCE_S
    for link in links:
        link.stop(max(0.0, deadline - time.monotonic()))
