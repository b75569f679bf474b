"""A token bucket: so many a second after a burst. Pure: the caller passes the time."""

from __future__ import annotations

__all__ = ["Bucket"]


class Bucket:
    """`take` says whether there is one more now; if not, `wait` says when to ask again."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait(self, now: float) -> float:
        """Seconds until `take` would succeed."""
        self._fill(now)
        return max(0.0, (1 - self._left) / self._rate)

    def full(self, now: float) -> bool:
        """Nothing was taken lately: the bucket may be forgotten."""
        self._fill(now)
        return self._left >= self._burst

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
