"""When to connect next, and to which server.

Rules: pure; the time is passed in and chance too. The shell sleeps and connects.

Theory. What the SDK has stays good while no server is there, so nobody is in a hurry, and a
whole fleet that lost its server must not come back in one instant. Every wait is therefore drawn
at random from the whole of its range (full jitter), the first one too; the range grows with
every failure up to `LONGEST_S`, and goes back to its start only after the link was healthy for
`HEALTHY_S`: a server that accepts and drops is not healthy.

A *refusal* (401, 403, 404, 429 and their like) will not be different in a second, and may be in
a minute: it is retried slowly and for ever, since tokens are restored and routes repaired.
`Retry-After` is a least wait, kept with some of the same jitter.

Several servers are tried in turn. Each has its own time before which it is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["FIRST_S", "HEALTHY_S", "LONGEST_S", "REFUSED_S", "SHORTEST_S", "Schedule"]

SHORTEST_S = 0.1
FIRST_S = 2.0
"""The range of the first wait: 10,000 SDKs come back over two seconds, not at once."""
LONGEST_S = 30.0
GROWTH = 1.5
"""Of the range, with every failure. After an outage of ten seconds, which costs each client five
attempts, half of them are back within three; by 2 it would be four attempts, and six seconds."""
HEALTHY_S = 60.0
REFUSED_S = 60.0
"""± 50 %."""
LONGEST_RETRY_AFTER_S = 300.0


class Schedule:
    """The waits of one link over `servers` servers."""

    def __init__(self, servers: int, rng: Random) -> None:
        self._rng = rng
        self._failures = 0
        self._healthy_since: float | None = None
        self._not_before = [0.0] * servers
        self._turn = 0

    @property
    def failures(self) -> int:
        """How often in a row it went wrong."""
        return self._failures

    def next(self, now: float) -> tuple[int, float]:
        """Which server to connect to, and when (at the earliest now)."""
        count = len(self._not_before)
        in_turn = [(self._turn + step) % count for step in range(count)]
        server = min(in_turn, key=lambda index: max(now, self._not_before[index]))
        return server, max(now, self._not_before[server])

    def opened(self, now: float) -> None:
        """A stream is live."""
        if self._healthy_since is None:
            self._healthy_since = now

    def lost(self, server: int, now: float) -> None:
        """A stream ended, or could not be opened."""
        self._settle(now)
        ceiling = min(LONGEST_S, FIRST_S * GROWTH**self._failures)
        self._failures = min(self._failures + 1, 30)
        wait = SHORTEST_S + self._rng.uniform(0.0, ceiling - SHORTEST_S)
        self._not_before = [max(time, now + wait) for time in self._not_before]
        self._turn = (server + 1) % len(self._not_before)

    def refused(self, server: int, now: float, retry_after_s: float | None = None) -> None:
        """A server would not have us; `retry_after_s` is what it asked for."""
        self._settle(now)
        if retry_after_s is None:
            wait = REFUSED_S * self._rng.uniform(0.5, 1.5)
        else:
            least = min(max(retry_after_s, SHORTEST_S), LONGEST_RETRY_AFTER_S)
            wait = least * self._rng.uniform(1.0, 1.5)
        self._not_before[server] = now + wait
        self._turn = (server + 1) % len(self._not_before)
        others = now + self._rng.uniform(SHORTEST_S, FIRST_S)
        self._not_before = [
            time if index == server else max(time, others)
            for index, time in enumerate(self._not_before)
        ]

    def move(self, server: int, now: float, spread_s: float) -> None:
        """A server said goodbye: connect anew at some time within `spread_s`, elsewhere first."""
        when = now + self._rng.uniform(0.0, max(0.0, spread_s))
        self._not_before = [when] * len(self._not_before)
        self._turn = (server + 1) % len(self._not_before)

    def _settle(self, now: float) -> None:
        """After a healthy time the next failure is a first one."""
        if self._healthy_since is not None and now - self._healthy_since >= HEALTHY_S:
            self._failures = 0
        self._healthy_since = None
