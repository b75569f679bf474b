"""The way in and out: sign in with a token, sign out, choose the colours."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from flaghoist_server.console.door import SignedOut, local
from flaghoist_server.console.room import Room

__all__ = ["set_theme", "sign_in", "sign_in_page", "sign_out"]

_After = Annotated[str, QueryParameter(max_length=2000)]


@get("/sign-in")
async def sign_in_page(
    room: NamedDependency[Room], request: Request[Any, Any, Any], after: _After = "/"
) -> Response[Any]:
    """The form; whoever is in already goes on."""
    try:
        room.door.visit(request)
    except SignedOut:
        return room.stranger_page(request, "sign_in.html", after=local(after))
    return Redirect(local(after), status_code=303)


@post("/sign-in", status_code=303)
async def sign_in(room: NamedDependency[Room], request: Request[Any, Any, Any]) -> Response[Any]:
    """A session for a good token; else the form again, with why."""
    form = await request.form()
    room.door.check_form(request, str(form.get("csrf", "")))
    after = local(str(form.get("after", "/")))
    answer = await room.door.sign_in(request, str(form.get("token", "")))
    if isinstance(answer, str):
        return room.stranger_page(request, "sign_in.html", answer, after=after)
    return Redirect(after, status_code=303, cookies=[answer])


@post("/sign-out", status_code=303)
async def sign_out(room: NamedDependency[Room], request: Request[Any, Any, Any]) -> Redirect:
    """End the session."""
    form = await request.form()
    room.door.check_form(request, str(form.get("csrf", "")))
    return Redirect("/sign-in", status_code=303, cookies=[room.door.sign_out(request)])


@post("/theme", status_code=303)
async def set_theme(room: NamedDependency[Room], request: Request[Any, Any, Any]) -> Redirect:
    """Light, dark or as the system; kept in a cookie, so that the server sends the right page."""
    form = await request.form()
    room.door.check_form(request, str(form.get("csrf", "")))
    cookie = room.door.theme_cookie(request, str(form.get("theme", "")))
    return Redirect(local(str(form.get("back", "/"))), status_code=303, cookies=[cookie])
