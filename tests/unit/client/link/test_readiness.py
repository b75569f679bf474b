"""A door that opens once, for threads and callbacks."""

from __future__ import annotations

import threading

from flaghoist.link.readiness import Readiness


def test_it_is_closed_until_it_is_opened() -> None:
    """Waiting ends with the timeout."""
    readiness = Readiness()

    assert readiness.wait(0.001) is False
    readiness.open()

    assert readiness.wait(0) is True
    assert readiness.is_open is True


def test_callbacks_are_called_when_it_opens_or_is_open() -> None:
    """Whoever comes later is let through at once."""
    readiness, called = Readiness(), []

    readiness.on_open(lambda: called.append("before"))
    assert [] == called
    readiness.open()
    readiness.on_open(lambda: called.append("after"))

    assert ["before", "after"] == called


def test_no_callback_is_lost_between_two_threads() -> None:
    """Added at the very moment of opening, it is called by one of the two."""
    for _ in range(300):
        readiness, called = Readiness(), threading.Event()
        opener = threading.Thread(target=readiness.open)
        opener.start()
        readiness.on_open(called.set)
        opener.join()

        assert called.is_set()
