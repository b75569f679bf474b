"""Who has signed in to the console: sessions kept by the server, named by a random cookie.

Rules: no clock (the caller says what time it is), no cookie handling, no knowledge of tokens beyond
their id. The cookie's value is kept only as its SHA-256, so that a dump of memory signs nobody in.

A session ends twelve hours after it began, or half an hour after it was last used; a page that is
open and visible uses it. A process keeps at most `LIMIT`: past that the longest unused goes.
Sessions are not shared between replicas: behind a balancer a person keeps to one (docs/console.md).
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

import msgspec

__all__ = ["IDLE_S", "LIFETIME_S", "LIMIT", "Session", "Sessions"]

LIFETIME_S = 12 * 3600.0
IDLE_S = 30 * 60.0
LIMIT = 10_000


class Session(msgspec.Struct):
    """One person's stay: the token they came with, the secret of their forms, a message to show."""

    token_id: str
    csrf: str
    started: float
    seen: float
    message: str = ""
    failed: bool = False

    def tell(self, message: str, failed: bool = False) -> None:
        """Show `message` on the next page."""
        self.message, self.failed = message, failed

    def take_message(self) -> tuple[str, bool]:
        """The message that waits, which is then gone, and whether it tells of a failure."""
        taken = self.message, self.failed
        self.message, self.failed = "", False
        return taken


class Sessions:
    """The sessions of this process, longest unused first."""

    def __init__(self) -> None:
        self._by_hash: OrderedDict[str, Session] = OrderedDict()

    def open(self, token_id: str, now: float) -> tuple[str, Session]:
        """Begin a session; the first part of the answer is the cookie's value."""
        secret = secrets.token_urlsafe(32)
        session = Session(token_id, secrets.token_urlsafe(32), started=now, seen=now)
        self._by_hash[_hash(secret)] = session
        while len(self._by_hash) > LIMIT:
            self._by_hash.popitem(last=False)
        return secret, session

    def find(self, secret: str, now: float) -> Session | None:
        """The session of this cookie, marked as used now; None if there is none or it is over."""
        name = _hash(secret)
        session = self._by_hash.get(name)
        if session is None:
            return None
        if now - session.started > LIFETIME_S or now - session.seen > IDLE_S:
            del self._by_hash[name]
            return None
        session.seen = now
        self._by_hash.move_to_end(name)
        return session

    def close(self, secret: str) -> None:
        """End it; ending one that is over is fine."""
        self._by_hash.pop(_hash(secret), None)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
