"""Who may open a stream: decided from the handshake request alone, before 101 is said.

Rules: no socket. The request is data, the answer is a `Pass`, or a `Refused` with the HTTP status.
The order matters: what costs least comes first, a browser is told so before a token is read, and
strangers take nothing from the rate at which SDKs come in: whoever floods has no token for that.

A browser cannot set `Authorization` on a websocket, so whoever sends `Origin` is a page that tries
what only an SDK may do (cross-site websocket hijacking): 403, whatever else it has. A token in
the query string would stand in every proxy's log, so it is never looked for there.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
from websockets.datastructures import Headers, MultipleValuesError

from flaghoist_server.hub.bucket import Bucket
from flaghoist_server.hub.limits import StreamLimits

__all__ = ["Admission", "Doorkeeper", "Pass", "Refused"]


class Pass(msgspec.Struct, frozen=True):
    """The token that a stream was opened with, and for which environment."""

    token: str
    environment: str


class Refused(Exception):
    """No stream: answer with `status` (and `retry_after` seconds), then close."""

    def __init__(self, status: int, detail: str, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after


class Doorkeeper(Protocol):
    """Knows tokens; the API's token book is one."""

    def stream_pass(self, authorization: str) -> Pass:
        """Raises: Refused with 401 or 403."""

    async def stranger(self, authorization: str) -> None:
        """To be awaited before a 401 is said: another replica may just have made the token."""

    def holds(self, token: str) -> bool:
        """Whether the token with this id is still good: neither revoked nor expired."""


class Admission:
    """Lets handshakes in one by one: at a bounded rate, and only with a token for a stream.

    `closed` is why nobody is let in now ("" if somebody is): starting, draining.
    """

    def __init__(self, doorkeeper: Doorkeeper, limits: StreamLimits, now: float) -> None:
        self.closed = "the server is starting"
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._bucket = Bucket(limits.handshakes_per_second, limits.handshake_burst, now)

    async def stranger(self, headers: Headers) -> None:
        """`admit` has said 401; after this it may say something else."""
        await self._doorkeeper.stranger(headers.get("Authorization", ""))

    def admit(self, headers: Headers, connected: int, now: float) -> Pass:
        """Raises: Refused."""
        if self.closed:
            raise Refused(503, self.closed, retry_after=1)
        if "Origin" in headers:
            raise Refused(403, "a stream is for SDKs; requests with an Origin are refused")
        if self._limits.max_connections and connected >= self._limits.max_connections:
            raise Refused(503, f"{connected} streams are open, and no more are taken", 5)
        try:
            authorization = headers.get("Authorization", "")
        except MultipleValuesError:
            raise Refused(400, "more than one Authorization header") from None
        granted = self._doorkeeper.stream_pass(authorization or "")
        if not self._bucket.take(now):
            raise Refused(503, "too many handshakes at once", 1 + int(self._bucket.wait(now)))
        return granted
