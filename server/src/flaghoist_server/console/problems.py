"""Where there is no page: what went wrong in words, and the next thing to do.

Rules: an exception becomes a page here and nowhere else. Scripts that ask for a page get the same
page; only the live stream, which nobody reads, is answered with a bare status.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from flaghoist_server.console.door import Forged, SignedOut
from flaghoist_server.console.room import Room
from flaghoist_server.console.views import Problem

__all__ = ["Missing", "handlers"]

_log = logging.getLogger("flaghoist.console")

_Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]


class Missing(Exception):
    """There is no such page."""

    def __init__(
        self, title: str, says: str, action: str, url: str, near: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.problem = Problem(title, says, action, url, near)
        super().__init__(says)


def handlers(room: Room) -> dict[int | type[Exception], _Handler]:
    """What to do with each kind of exception in the console's handlers."""

    def page(request: Request[Any, Any, Any], problem: Problem, status: int) -> Response[Any]:
        try:
            visit = room.door.visit(request)
        except SignedOut:
            response = room.stranger_page(request, "problem.html", problem=problem)
            response.status_code = status
            return response
        return room.page(request, visit, "problem.html", status=status, problem=problem)

    def missing(request: Request[Any, Any, Any], error: Missing) -> Response[Any]:
        return page(request, error.problem, 404)

    def forged(request: Request[Any, Any, Any], _: Forged) -> Response[Any]:
        says = (
            "Nothing was changed: the form was not ours, or too old. Open the page and try again."
        )
        return page(
            request, Problem("This form does not count", says, "Open the page again", "/"), 403
        )

    def refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        says = error.detail or "The request could not be read."
        return page(
            request, Problem("That did not work", says, "To the flags", "/"), error.status_code
        )

    def failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        _log.error("a page failed", exc_info=error, extra={"action": "console.failed"})
        says = "The server failed at this page; its log says more. Flags go on being served."
        return page(request, Problem("The page failed", says, "To the flags", "/"), 500)

    return {
        SignedOut: _signed_out,
        Missing: missing,
        Forged: forged,
        HTTPException: refused,
        Exception: failed,
    }


def _signed_out(request: Request[Any, Any, Any], _: SignedOut) -> Response[Any]:
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(b"", status_code=401, headers={"cache-control": "no-store"})
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = "" if request.method != "GET" or here == "/" else f"?{urlencode({'after': here})}"
    return Redirect(f"/sign-in{asked}", status_code=303, headers={"cache-control": "no-store"})
