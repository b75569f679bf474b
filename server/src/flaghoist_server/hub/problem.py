"""The body of an error, as RFC 9457 has it: the same for a stream's handshake and for the API.

`type` is a relative reference that is stable and can be acted on: programs branch on it, people
read `detail`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

__all__ = ["PROBLEM_JSON", "problem_body"]

PROBLEM_JSON = "application/problem+json"

_KINDS = {400: "malformed", 422: "invalid"}
"""What a status means here, if nothing more special is known; else it is called by its phrase."""


def problem_body(
    status: int, detail: str, *, kind: str = "", fields: Mapping[str, Any] | None = None
) -> bytes:
    """`fields` go into it as they are."""
    phrase = HTTPStatus(status).phrase
    kind = kind or _KINDS.get(status) or phrase.lower().replace(" ", "-")
    body = {"type": f"/problems/{kind}", "title": phrase, "status": status, "detail": detail}
    return msgspec.json.encode({**body, **(fields or {})})
