"""Who may come in: cookies, sessions and the secret of every form.

Rules: every write carries a form secret and comes from our own page. Three fences, each enough:
the session cookie is SameSite=Strict, the browser says where the request comes from
(`Sec-Fetch-Site`, `Origin`), and the form holds a secret that only our page could have read.

A session holds on only as long as its token: a token that is revoked, or has expired, or never had
the right to read, is out at the next request, and its live streams end within a second.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from flaghoist_server.api.tokens import Identity, TokenBook
from flaghoist_server.change.roles import allows
from flaghoist_server.console.sessions import LIFETIME_S, Session, Sessions
from flaghoist_server.console.views import Visitor

__all__ = ["Door", "Forged", "SignedOut", "Visit", "local"]

_YEAR_S = 365 * 24 * 3600
_THEMES = ("light", "dark", "system")


class SignedOut(Exception):
    """There is no session, or it is over: sign in."""


class Forged(Exception):
    """A write without our form's secret, or from another site's page."""


class Visit(msgspec.Struct):
    """A request of somebody who has signed in; `actor` is how history names them."""

    session: Session
    visitor: Visitor
    actor: str


class Door:
    """`clock` is the time of day in seconds."""

    def __init__(self, tokens: TokenBook, clock: Callable[[], float]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._sessions = Sessions()

    def visit(self, request: Request[Any, Any, Any]) -> Visit:
        """Who asks. Raises `SignedOut`."""
        secret = request.cookies.get(_name(request, "session"), "")
        session = self._sessions.find(secret, self._clock())
        if session is None:
            raise SignedOut
        return self.again(session)

    def again(self, session: Session) -> Visit:
        """The same visit now: its token may have been revoked meanwhile. Raises `SignedOut`."""
        record = self._tokens.record(session.token_id)
        if record is None or not self._tokens.holds(record.id):
            raise SignedOut
        session.seen = self._clock()
        if session.seen - session.started > LIFETIME_S:
            raise SignedOut
        identity = Identity(record.id, record.role, record.environment, record.name)
        return Visit(session, _visitor(identity), identity.actor)

    async def sign_in(self, request: Request[Any, Any, Any], text: str) -> Cookie | str:
        """The session's cookie for this token, or why not, in words for the person."""
        identity = await self._tokens.recognise(text.strip())
        if identity is None:
            return "This token is not valid: it is mistyped, expired or revoked."
        if not allows(identity.role, "read"):
            return (
                f"This is a token of the role {identity.role}, for programs. The console takes "
                "viewer, operator, editor or admin."
            )
        self.sign_out(request)
        secret, _ = self._sessions.open(identity.id, self._clock())
        return self._cookie(request, "session", secret, int(LIFETIME_S))

    def sign_out(self, request: Request[Any, Any, Any]) -> Cookie:
        """End the session, if there is one; the cookie that takes its cookie away."""
        name = _name(request, "session")
        self._sessions.close(request.cookies.get(name, ""))
        return self._cookie(request, "session", "", 0)

    def theme(self, request: Request[Any, Any, Any]) -> str:
        """The colours chosen: `light`, `dark` or `system`."""
        theme = request.cookies.get(_name(request, "theme"), "system")
        return theme if theme in _THEMES else "system"

    def theme_cookie(self, request: Request[Any, Any, Any], theme: str) -> Cookie:
        return self._cookie(request, "theme", theme if theme in _THEMES else "system", _YEAR_S)

    def stranger_secret(self, request: Request[Any, Any, Any]) -> tuple[str, Cookie]:
        """The form secret of who has no session yet, and the cookie that must come with it."""
        secret = request.cookies.get(_name(request, "form")) or secrets.token_urlsafe(32)
        return secret, self._cookie(request, "form", secret, int(LIFETIME_S))

    def check_form(self, request: Request[Any, Any, Any], given: str) -> None:
        """Let a write pass only from our own form. Raises `Forged`."""
        if not _own_page(request):
            raise Forged
        try:
            expected = self.visit(request).session.csrf
        except SignedOut:
            expected = request.cookies.get(_name(request, "form"), "")
        if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
            raise Forged

    def _cookie(self, request: Request[Any, Any, Any], what: str, value: str, age_s: int) -> Cookie:
        return Cookie(
            key=_name(request, what),
            value=value,
            max_age=age_s,
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )


def local(path: str, otherwise: str = "/") -> str:
    """`path` if it leads to a page of ours, so that no form sends anybody elsewhere."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if inside and path.isprintable() else otherwise


def _name(request: Request[Any, Any, Any], what: str) -> str:
    """Under TLS the name itself makes the browser refuse the cookie from anybody but us."""
    return f"__Host-flaghoist-{what}" if request.url.scheme == "https" else f"flaghoist-{what}"


def _own_page(request: Request[Any, Any, Any]) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _visitor(identity: Identity) -> Visitor:
    return Visitor(
        name=identity.name or identity.id,
        role=identity.role,
        environment=identity.environment,
        may_flip=allows(identity.role, "flip"),
    )
