"""Token buckets over a clock that is passed in."""

from __future__ import annotations

from flaghoist_server.hub.bucket import Bucket


def test_a_burst_is_taken_at_once_and_then_no_more() -> None:
    """As many as the burst, then none until time has passed."""
    bucket = Bucket(rate=2, burst=3, now=0)

    assert [True, True, True, False] == [bucket.take(0) for _ in range(4)]


def test_what_was_taken_comes_back_at_the_rate() -> None:
    """At two a second, half a second gives one."""
    bucket = Bucket(rate=2, burst=1, now=0)
    bucket.take(0)

    assert 0.5 == bucket.wait(0)
    assert not bucket.take(0.4)
    assert bucket.take(0.5)


def test_it_never_holds_more_than_the_burst() -> None:
    """A long pause saves up nothing beyond it."""
    bucket = Bucket(rate=2, burst=2, now=0)

    assert [True, True, False] == [bucket.take(1000) for _ in range(3)]
    assert not bucket.full(1000)
    assert bucket.full(1001)
