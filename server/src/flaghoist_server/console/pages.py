"""Renders templates into responses, with the headers that every page carries.

The policy names what this page needs and nothing else: its own scripts, its own style sheet, its
own picture, its own live stream. There is no inline script or style anywhere, so it needs no nonce
and no exception. Pages are compressed here because they are never the same twice and what an
attacker would have to make a browser send (BREACH) comes without the session: SameSite=Strict.
"""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response

from flaghoist_server.console.assets import assets
from flaghoist_server.console.drawing import rate
from flaghoist_server.console.views import Frame
from flaghoist_server.console.words.quantities import ago, count, moment, plural, who

__all__ = ["HEADERS", "POLICY", "render"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_SMALL = 1_000
"""Bytes below which compression saves no packet."""


def render(
    request: Request[Any, Any, Any], template: str, frame: Frame, status: int = 200, **shown: object
) -> Response[bytes]:
    """The page of `template` in its frame."""
    text = _templates.get_template(template).render(frame=frame, now=frame.at, **shown)
    body, headers = text.encode(), dict(HEADERS)
    if len(body) > _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = gzip.compress(body, 5), "gzip"
    headers["vary"] = "accept-encoding, cookie"
    return Response(body, status_code=status, media_type="text/html", headers=headers)


@pass_context
def _ago(context: Context, at: str) -> str:
    now = moment(str(context["now"]))
    return ago(at, now) if now else at


def _utc(at: str) -> str:
    found = moment(at)
    return f"{found:%Y-%m-%d %H:%M:%S} UTC" if isinstance(found, datetime) else at


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "ago": _ago, "count": count, "json": _json, "plural": plural, "rate": rate, "utc": _utc,
    "who": who,
}  # fmt: skip
_templates.globals["asset"] = lambda name: assets().url(name)
