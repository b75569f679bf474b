"""Locks that survive a fork, and whoever has to be told of one.

Theory. A forked child has no threads but the one that forked, and whatever lock another thread
held at that moment stays held in the child for ever. So a thread of ours holds a `ForkGate` for
as long as it works, and whoever forks takes every gate first (`os.register_at_fork`): a fork
happens while none of our threads holds anything, neither a lock of ours nor one of Python's
imports, of logging, or of the allocator. That wait is bounded: a fork is never refused.

The gates are taken all or none: a gate that is not free is waited for with empty hands, or else
two threads, one of which forks, could each wait for what the other has.
"""

from __future__ import annotations

import os
import threading
import time
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
    """A lock that is free when a child is born, and new in the child.

    The thread that has it may take it again: a signal handler, or a `__del__`, runs in the midst
    of whatever its thread is doing.
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _gates.add(self)

    def acquire(self, timeout_s: float = -1.0) -> bool:
        """Whether it was had in time."""
        return self._lock.acquire(timeout=timeout_s)

    def release(self) -> None:
        """Let the next one in."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """In the child: whoever held it is not here."""
        self._lock = threading.RLock()


def tell_of_forks(somebody: Forkable) -> None:
    """Call `forked` in every child, for as long as `somebody` lives."""
    _forkables.add(somebody)


_gates: weakref.WeakSet[ForkGate] = weakref.WeakSet()
_forkables: weakref.WeakSet[Forkable] = weakref.WeakSet()
_taken = threading.local()


def _before() -> None:
    deadline = time.monotonic() + PATIENCE_S
    _taken.gates = []
    gates = list(_gates)
    busy = _first_busy(gates)
    while busy is not None and (left := deadline - time.monotonic()) > 0:
        if busy.acquire(left):
            busy.release()
        busy = _first_busy(gates)


def _first_busy(gates: list[ForkGate]) -> ForkGate | None:
    """Take all of them, or none and say which one was not to be had."""
    for number, gate in enumerate(gates):
        if not gate.acquire(0):
            _release(gates[:number])
            return gate
    _taken.gates = gates
    return None


def _release(gates: list[ForkGate]) -> None:
    for gate in gates:
        gate.release()


def _in_parent() -> None:
    _release(_taken.__dict__.pop("gates", []))


def _in_child() -> None:
    for gate in list(_gates):
        gate.renew()
    for somebody in list(_forkables):
        somebody.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
