"""A handshake that is refused: plain HTTP, with a problem as its body."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Response

from flaghoist_server.hub.admission import Refused
from flaghoist_server.hub.problem import PROBLEM_JSON, problem_body

__all__ = ["refusal"]

_OWED = {401: ("WWW-Authenticate", "Bearer"), 405: ("Allow", "GET"), 426: ("Upgrade", "websocket")}
"""A header that RFC 9110 wants beside a status."""


def refusal(refused: Refused) -> bytes:
    """What is written before the connection is closed."""
    body = problem_body(refused.status, str(refused))
    headers = Headers(
        [
            ("Date", formatdate(usegmt=True)),
            ("Connection", "close"),
            ("Cache-Control", "no-store"),
            ("Content-Type", PROBLEM_JSON),
            ("Content-Length", str(len(body))),
        ]
    )
    if refused.retry_after:
        headers["Retry-After"] = str(refused.retry_after)
    if refused.status in _OWED:
        name, value = _OWED[refused.status]
        headers[name] = value
    return Response(refused.status, HTTPStatus(refused.status).phrase, headers, body).serialize()
