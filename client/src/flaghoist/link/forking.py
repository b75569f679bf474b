"""Locks that survive a fork, and whoever has to be told of one.

Theory. A forked child has no threads but the one that forked, and whatever lock another thread
held at that moment stays held in the child for ever. So a thread of ours holds a `ForkGate` for
as long as it works, and whoever forks takes every gate first (`os.register_at_fork`): a fork
happens while none of our threads holds anything, neither a lock of ours nor one of Python's
imports, of logging, or of the allocator. That wait is bounded: a fork is never refused.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

__all__ = ["ForkGate", "Forkable", "tell_of_forks"]

PATIENCE_S = 5.0
"""Longer than the first imports take on a slow disk; work itself is in milliseconds."""


class Forkable(Protocol):
    """Somebody who has to become another one in a child."""

    def forked(self) -> None:
        """In the child, once every gate is open again."""


class ForkGate:
    """A lock that is free when a child is born, and new in the child."""

    __slots__ = ("__weakref__", "_lock", "_owner")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        _gates.add(self)

    def acquire(self, timeout_s: float = -1.0) -> bool:
        """Whether it was had in time."""
        had = self._lock.acquire(timeout=timeout_s)
        if had:
            self._owner = threading.get_ident()
        return had

    def release(self) -> None:
        """Let the next one in."""
        self._owner = 0
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def before_fork(self) -> bool:
        """Take it for the fork, unless it is this very thread that holds it."""
        return self._owner != threading.get_ident() and self.acquire(PATIENCE_S)

    def renew(self) -> None:
        """In the child: whoever held it is not here."""
        self._lock = threading.Lock()
        self._owner = 0


def tell_of_forks(somebody: Forkable) -> None:
    """Call `forked` in every child, for as long as `somebody` lives."""
    _forkables.add(somebody)


_gates: weakref.WeakSet[ForkGate] = weakref.WeakSet()
_forkables: weakref.WeakSet[Forkable] = weakref.WeakSet()
_taken = threading.local()


def _before() -> None:
    _taken.gates = [gate for gate in list(_gates) if gate.before_fork()]


def _in_parent() -> None:
    for gate in _taken.__dict__.pop("gates", ()):
        gate.release()


def _in_child() -> None:
    for gate in list(_gates):
        gate.renew()
    for somebody in list(_forkables):
        somebody.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
