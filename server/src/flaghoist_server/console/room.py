"""The console's parts together, handed to its handlers, and the frame that every page needs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response

from flaghoist_server.api.services import Services
from flaghoist_server.console.desk import Desk
from flaghoist_server.console.door import Door, Visit
from flaghoist_server.console.pages import render
from flaghoist_server.console.views import Frame, Place, list_url
from flaghoist_server.console.watch import Watch

__all__ = ["Asked", "Room"]


class Asked(msgspec.Struct, frozen=True):
    """What a page, and its live stream, is of: the list (query and page), one flag, or a `view`."""

    environment: str
    view: str = ""
    """`history` or `sdks`; "" the list or a flag."""
    flag: str = ""
    query: str = ""
    page: int = 1


class Room:
    """What a handler of the console works with."""

    def __init__(self, services: Services, desk: Desk, door: Door, watch: Watch) -> None:
        self.services = services
        self.desk = desk
        self.door = door
        self.watch = watch

    def mark(self, asked: Asked) -> str:
        """A fingerprint of what the server writes into the page and the stream does not update."""
        state, standing = self.desk.state(asked.environment), self.watch.standing(asked.environment)
        head, feed = state.head, self.services.feed.state
        mark = f"{head.epoch}.{head.version}.{feed}.{bool(standing.connected)}"
        if asked.flag in state.flags:
            applied = standing.applied(state.flags[asked.flag].version)
            served = self.watch.pulse(asked.environment).variants(asked.flag)
            mark += f".{standing.connected}.{applied}.{served}"
        if asked.view == "sdks":
            mark += f".{sorted(standing.versions.items())}"
        return mark

    def page(
        self,
        request: Request[Any, Any, Any],
        visit: Visit,
        template: str,
        asked: Asked | None = None,
        *,
        status: int = 200,
        **shown: object,
    ) -> Response[bytes]:
        """A page for somebody who has signed in."""
        message, failed = visit.session.take_message()
        place = self.desk.place(asked.environment) if asked else None
        frame = Frame(
            theme=self.door.theme(request),
            here=_here(request),
            at=self.services.now(),
            csrf=visit.session.csrf,
            origin=str(request.base_url).rstrip("/"),
            home=place.url if place else "/",
            place=place,
            places=self.desk.places(visit.visitor),
            visitor=visit.visitor,
            query=asked.query if asked else "",
            message=message,
            failed=failed,
            trouble=self.desk.trouble(),
            mark=self.mark(asked) if asked else "",
            live=_live(place, asked) if place and asked else "",
        )
        return render(request, template, frame, status, **shown)

    def stranger_page(
        self, request: Request[Any, Any, Any], template: str, message: str = "", **shown: object
    ) -> Response[bytes]:
        """A page for somebody who has not signed in."""
        secret, cookie = self.door.stranger_secret(request)
        frame = Frame(
            theme=self.door.theme(request),
            here=_here(request),
            at=self.services.now(),
            csrf=secret,
            message=message,
            failed=bool(message),
        )
        response = render(request, template, frame, 403 if message else 200, **shown)
        response.set_cookie(cookie)
        return response


def _here(request: Request[Any, Any, Any]) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _live(place: Place, asked: Asked) -> str:
    wanted = {"view": asked.view, "flag": asked.flag, "q": asked.query, "page": asked.page}
    kept = {name: value for name, value in wanted.items() if value not in ("", 1)}
    return f"{list_url(place.name)}/live" + (f"?{urlencode(kept)}" if kept else "")
