"""What one stream may cost, and when it is given up. Every figure stands here with its reason."""

from __future__ import annotations

import msgspec

__all__ = ["MAX_HANDSHAKE", "MAX_INBOUND", "StreamLimits"]

MAX_HANDSHAKE = 8 * 1024
"""Bytes of a handshake request: a token has 60; the rest is what proxies add."""

MAX_INBOUND = 64 * 1024
"""Bytes of a message from an SDK: a report of 1,000 flags is about 40 kB."""


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How the hub treats the streams of the SDKs. The defaults are meant for everyone.

    A server takes `handshakes_per_second` after a burst of `handshake_burst` and answers 503 with
    Retry-After beyond that: recovering from an outage must not be the second outage. One core
    does about 2,900 handshakes a second; the rest of it is left for pushing.
    """

    handshakes_per_second: float = 2000.0
    handshake_burst: int = 4000
    max_connections: int = 0
    """0: as many as the process may open files for, less some for everybody else."""

    hello_seconds: float = 5.0
    """From 101 to the SDK's first message."""

    beat_seconds: float = 10.0
    """Heartbeat and ping: below every proxy's idle time (nginx and ALB 60 s)."""

    stalled_seconds: float = 15.0
    """A peer that takes nothing for this long is let go with 1013."""

    max_age_seconds: float = 0.0
    """Move a stream after this long, so that replicas share the load again; 0: never."""

    slice: int = 256
    """Connections that are written to before the loop may do something else (about 1 ms)."""
