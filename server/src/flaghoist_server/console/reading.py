"""The pages that show: flags, history, SDKs, the one question, and the page's own files."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from flaghoist.model.digest import digest
from flaghoist_server.console.assets import assets
from flaghoist_server.console.catalogue import effect_of
from flaghoist_server.console.chronicle import environment_past, undo_says
from flaghoist_server.console.crew import crew
from flaghoist_server.console.detail import flag_page
from flaghoist_server.console.door import Visit
from flaghoist_server.console.problems import Missing
from flaghoist_server.console.room import Asked, Room
from flaghoist_server.console.views import Ask, flag_url, list_url
from flaghoist_server.console.words.code import asking

__all__ = ["ask_page", "asset", "favicon", "flag", "flags", "history", "home", "sdks"]

_YEAR = "public, max-age=31536000, immutable"


@get("/", name="console")
async def home(
    room: NamedDependency[Room], visit: NamedDependency[Visit], request: Request[Any, Any, Any]
) -> Response[Any]:
    """The first environment, or how to make one."""
    places = room.desk.places(visit.visitor)
    if not places:
        return room.page(request, visit, "nothing.html")
    return Redirect(list_url(places[0].name), status_code=303)


@get("/env/{environment:str}")
async def flags(
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    page: FromQuery[int] = 1,
) -> Response[bytes]:
    """Every flag of an environment, or those that `q` means."""
    _check_environment(room, visit, environment)
    query = q.strip()
    listing = room.desk.listing(environment, query, page, visit.visitor.name)
    asked = Asked(environment, query=query, page=listing.page)
    example = _example(room, environment, [row.key for row in listing.rows])
    return room.page(request, visit, "list.html", asked, listing=listing, example=example)


@get("/env/{environment:str}/history")
async def history(
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    before: FromQuery[int | None] = None,
) -> Response[bytes]:
    """Everything that was changed in an environment, newest first."""
    _check_environment(room, visit, environment)
    past = await environment_past(room.desk, environment, before)
    asked = Asked(environment, view="history")
    return room.page(request, visit, "history.html", asked, past=past, newest=before is None)


@get("/env/{environment:str}/sdks")
async def sdks(
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
) -> Response[bytes]:
    """Who is connected, and who is behind."""
    _check_environment(room, visit, environment)
    version = room.desk.state(environment).head.version
    asked = Asked(environment, view="sdks")
    shown = await crew(room.desk, environment, version)
    example = _example(room, environment, list(room.desk.state(environment).flags))
    return room.page(request, visit, "sdks.html", asked, crew=shown, example=example)


@get("/env/{environment:str}/flag/{key:path}")
async def flag(
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    key: FromPath[str],
    window: Annotated[str, QueryParameter(max_length=10)] = "5m",
) -> Response[bytes]:
    """One flag."""
    key = _check_flag(room, visit, environment, key)
    shown = await flag_page(room.desk, environment, key, window)
    asked = Asked(environment, flag=key)
    example = _example(room, environment, [key])
    return room.page(request, visit, "flag.html", asked, flag=shown, example=example)


@get(["/env/{environment:str}/kill/{key:path}", "/env/{environment:str}/undo/{key:path}"])
async def ask_page(
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    key: FromPath[str],
) -> Response[bytes]:
    """The one question before a kill, and before an undo that was asked for by key."""
    key = _check_flag(room, visit, environment, key)
    killing = request.url.path.startswith(f"/env/{environment}/kill/")
    ask = _kill(room, environment, key) if killing else await _undo(room, environment, key)
    return room.page(request, visit, "ask.html", Asked(environment, flag=key), ask=ask)


@get("/assets/{digest:str}/{name:str}", media_type=MediaType.TEXT)
async def asset(
    request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """One of the page's own files."""
    files = assets()
    if name not in files.files:
        raise Missing("No such file", f"There is no {name!r} in this release.", "To the flags", "/")
    file = files.files[name]
    headers = {
        "cache-control": _YEAR if digest == files.digest else "no-store",
        "x-content-type-options": "nosniff",
        "vary": "accept-encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.gzipped, media_type=file.media_type, headers=headers)
    return Response(file.plain, media_type=file.media_type, headers=headers)


@get("/favicon.ico")
async def favicon() -> Redirect:
    """For browsers that ask without having seen the page."""
    return Redirect(assets().url("flag.svg"))


def _example(room: Room, environment: str, keys: list[str]) -> str:
    """How an application asks for the first of these flags."""
    if not keys:
        return asking("new-checkout", None)
    flag, _ = effect_of(keys[0], room.desk.state(environment).flags[keys[0]])
    return asking(keys[0], flag)


def _kill(room: Room, environment: str, key: str) -> Ask:
    stored = room.desk.state(environment).flags[key]
    flag, effect = effect_of(key, stored)
    connected = room.desk.place(environment).connected
    gets = (flag.off_variant if flag else None) or "the caller's default"
    return Ask(
        command="kill",
        key=key,
        title=f"Kill {key} in {environment}?",
        says=f"It is {effect.text} now. Everyone gets {gets} from then on; "
        f"{connected} connected SDKs hear of it at once. Undo brings it back.",
        button=f"■ Kill {key}",
        back=flag_url(environment, key),
        seen=digest(stored.document),
    )


async def _undo(room: Room, environment: str, key: str) -> Ask:
    changes, trouble = await room.desk.history(environment, key, 1)
    last = changes[0] if changes else None
    says = trouble or undo_says(key, last) or "There is nothing to undo."
    return Ask(
        command="undo",
        key=key,
        title=f"Undo the last change of {key}?",
        says=f"{environment}: {says}.",
        button="Undo it",
        back=flag_url(environment, key),
        seen=digest(room.desk.state(environment).flags[key].document),
    )


def _check_environment(room: Room, visit: Visit, environment: str) -> None:
    allowed = {place.name: place.url for place in room.desk.places(visit.visitor)}
    if environment not in allowed:
        says = f"There is no environment {environment!r} that this token may see."
        raise Missing("No such environment", says, "To the flags", "/", tuple(allowed.items()))


def _check_flag(room: Room, visit: Visit, environment: str, path: str) -> str:
    """The flag's key, of an environment and a flag that are there."""
    _check_environment(room, visit, environment)
    key = path.removeprefix("/")
    if key not in room.desk.state(environment).flags:
        says = f"There is no flag {key!r} in {environment}; it may have been removed."
        near = room.desk.near(environment, key)
        raise Missing(
            "No such flag", says, f"All flags of {environment}", list_url(environment), near
        )
    return key
