"""Threads as they meet each other worst."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["switching_often"]


@contextmanager
def switching_often() -> Iterator[None]:
    """Threads take turns a thousand times as often as they do by default.

    They are begun without the tracer of a coverage run, with which CPython 3.11 fails to begin
    threads that switch so often.
    """
    interval, tracer = sys.getswitchinterval(), threading.gettrace()
    threading.settrace(None)  # type: ignore[arg-type]  # the stub knows no way to take it back
    sys.setswitchinterval(5e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        threading.settrace(tracer)  # type: ignore[arg-type]
