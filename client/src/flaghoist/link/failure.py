"""Why there is no stream: the few kinds that differ in what is done next.

    Failure
    ├── Unreachable   nobody there, or gone: try again with a backoff
    ├── Refused       the server would not have us: slowly, or when it said
    └── Blocked       there is a server, and websockets cannot pass: plain HTTP may

Whatever else goes wrong in the shell is mapped to one of these at its border.
"""

from __future__ import annotations

__all__ = ["Blocked", "Failure", "Refused", "Unreachable", "of_status"]

_NOT_FOR_US = frozenset({401, 403, 407, 429})
_LATER = frozenset({500, 502, 503, 504})


class Failure(Exception):
    """A connection could not be opened, or ended."""

    kind = "failed"


class Unreachable(Failure):
    """Nobody answers, or the connection ended."""

    kind = "unreachable"


class Refused(Failure):
    """The server answered, and refused. `retry_after_s` is what it asked for, if it did."""

    kind = "refused"

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Blocked(Failure):
    """Something between here and the server does not let websockets pass."""

    kind = "blocked"


def of_status(status: int, retry_after: str | None, *, over_websocket: bool) -> Failure:
    """The failure that an HTTP status stands for, where another was hoped for."""
    text = f"the server answered {status}"
    wait = _seconds(retry_after)
    if status in _LATER and wait is None:
        return Unreachable(text)
    if over_websocket and status not in _NOT_FOR_US | _LATER:
        return Blocked(f"{text} to a websocket handshake")
    if status in (401, 403):
        text += ": check the token, its role (sdk) and its expiry"
    return Refused(text, wait)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds only: a date would have to be compared with a clock that may be wrong."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return None
    return float(retry_after)
