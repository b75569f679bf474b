"""The live stream of a page: server-sent events, small numbers only, once a second.

Rules: the stream carries what moves (counts, rates, the receipt) for what the page shows and
nothing else, so its cost is that of a page and not of an environment. It carries no markup: when
something moved that the server wrote into the page, its `mark` differs and the script asks for the
page again. It ends with the session, with the token, and when the server begins to leave.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from flaghoist_server.console.desk import PER_PAGE
from flaghoist_server.console.door import Forged, SignedOut, Visit
from flaghoist_server.console.pulse import FINE
from flaghoist_server.console.room import Asked, Room
from flaghoist_server.console.words.receipts import Receipt, receipt

__all__ = ["Tick", "live", "ticks"]

_AT_LEAST_S = 1.0
_Short = Annotated[str, QueryParameter(max_length=300)]


class Tick(msgspec.Struct, omit_defaults=True):
    """One event. `rates` stand once in each slot of the plot; `applied` is by flag."""

    mark: str
    connected: int
    version: int
    slot: int
    applied: dict[str, int]
    rates: dict[str, dict[str, float]] | None = None
    receipt: Receipt | None = None


@get("/env/{environment:str}/live")
async def live(  # noqa: PLR0913  # a handler's parameters are its query
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    view: _Short = "",
    flag: _Short = "",
    q: _Short = "",
    page: FromQuery[int] = 1,
) -> Response[Any]:
    """The stream of the list (`q`, `page`), of one flag, or of a view without flags."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Forged
    if environment not in [place.name for place in room.desk.places(visit.visitor)]:
        return Response(b"", status_code=404)
    asked = Asked(environment, view=view, flag=flag, query=q, page=page)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    events = _events(room, visit, asked)
    return Stream(events, media_type="text/event-stream", headers=headers)


async def _events(room: Room, visit: Visit, asked: Asked) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    async for tick in ticks(room, visit, asked):
        yield b"event: tick\ndata: " + msgspec.json.encode(tick) + b"\n\n"
    yield b"event: end\ndata: {}\n\n"


async def ticks(room: Room, visit: Visit, asked: Asked) -> AsyncIterator[Tick]:
    """A tick now and whenever the fleet was looked at, until the visit is over."""
    told_slot, shown = 0, _Shown(room, visit, asked)
    while not room.services.readiness.draining.is_set():
        try:
            room.door.again(visit.session)
            tick = shown.tick(told_slot)
        except (SignedOut, KeyError):
            return
        told_slot = tick.slot
        yield tick
        await room.watch.next_look(_AT_LEAST_S)


class _Shown:
    """What one page shows: its flags, found again only when the environment has moved."""

    def __init__(self, room: Room, visit: Visit, asked: Asked) -> None:
        self._room = room
        self._visit = visit
        self._asked = asked
        self._keys: list[str] = []
        self._of_version = -1

    def tick(self, told_slot: int) -> Tick:
        """Raises `KeyError` when the environment is gone."""
        asked, room = self._asked, self._room
        state = room.desk.state(asked.environment)
        if state.head.version != self._of_version:
            self._keys, self._of_version = self._found(), state.head.version
        standing, now = room.watch.standing(asked.environment), room.watch.clock()
        versions = {key: state.flags[key].version for key in self._keys if key in state.flags}
        slot = FINE.slot(now)
        rates = room.watch.pulse(asked.environment).latest(versions, now)
        return Tick(
            mark=room.mark(asked),
            connected=standing.connected,
            version=state.head.version,
            slot=slot,
            applied={key: standing.applied(version) for key, version in versions.items()},
            rates=rates if slot != told_slot else None,
            receipt=self._receipt(versions),
        )

    def _found(self) -> list[str]:
        asked = self._asked
        if asked.flag or asked.view:
            return [asked.flag] if asked.flag else []
        found = self._room.desk.found(asked.environment, asked.query, self._visit.visitor.name)
        start = (max(asked.page, 1) - 1) * PER_PAGE
        return [one.key for one in found[start : start + PER_PAGE]]

    def _receipt(self, versions: dict[str, int]) -> Receipt | None:
        asked, watch = self._asked, self._room.watch
        if asked.flag not in versions:
            return None
        version, standing = versions[asked.flag], watch.standing(asked.environment)
        return receipt(
            version,
            standing.connected,
            standing.applied(version),
            watch.slowest_s(asked.environment, version),
        )
