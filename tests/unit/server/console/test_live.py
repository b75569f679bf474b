"""What the live stream tells, and when it ends."""

from __future__ import annotations

import asyncio

from tests.unit.server.console.conftest import House

from flaghoist_server.change.commands import Ramp
from flaghoist_server.console.door import Visit
from flaghoist_server.console.live import Tick, ticks
from flaghoist_server.console.room import Asked
from flaghoist_server.console.sessions import Session
from flaghoist_server.console.views import Visitor


def visit_of(house: House, name: str = "viewer") -> Visit:
    now = house.console.room.watch.clock()
    session = Session(house.tokens[name][0], "secret", started=now, seen=now)
    return Visit(session, Visitor(name, name, "", may_flip=False), name)


async def first(house: House, asked: Asked) -> Tick:
    async for tick in ticks(house.console.room, visit_of(house), asked):
        return tick
    raise AssertionError("the stream ended at once")


async def test_a_list_hears_of_its_own_flags(house: House) -> None:
    """Only what the page shows: the query's flags."""
    house.connect(3)

    tick = await first(house, Asked("production", query="theme"))

    assert (3, 2, {"theme": 3}) == (tick.connected, tick.version, tick.applied)
    assert tick.receipt is None


async def test_a_flag_hears_of_its_receipt(house: House) -> None:
    """From none to all, as the SDKs acknowledge."""
    house.connect(2)
    roster = house.services.fleet.groups["production"].roster
    asked = Asked("production", flag="new-checkout")
    await house.services.writer.submit(Ramp("new-checkout", 25), "production", "anna")
    head = house.services.feed.environments["production"].head
    roster.changed(head.version, house.services.fleet.clock())

    told = await first(house, asked)
    assert told.receipt is not None
    assert "◔ 0 of 2 SDKs have applied v 3 · waiting for 2" == told.receipt.text

    for member in roster.members:
        roster.acknowledged(member, head.epoch, head.version, house.services.fleet.clock())
    told = await first(house, asked)
    assert told.receipt is not None
    assert told.receipt.text.startswith("✓ 2 of 2 SDKs have applied v 3 · slowest ")


async def test_the_mark_is_the_pages(house: House) -> None:
    """A page and its stream agree, until something is changed."""
    browser = await house.signed_in("viewer")
    asked = Asked("production")

    page = (await browser.get("/env/production")).text
    before = (await first(house, asked)).mark
    await house.services.writer.submit(Ramp("theme", 50, "dark"), "production", "anna")
    after = (await first(house, asked)).mark

    assert f'data-mark="{before}"' in page
    assert before != after


async def test_rates_come_once_in_each_slot(house: House) -> None:
    """Not with every tick: pictures move by whole slots."""
    pulse, clock = house.console.room.watch.pulse("production"), house.console.room.watch.clock
    pulse.feed(clock() - 2, {"theme": {"dark": 12.0}})
    stream = ticks(house.console.room, visit_of(house), Asked("production"))

    told = await anext(stream)
    again = await anext(stream)

    assert {"theme": {"dark": 12.0}} == told.rates
    assert (told.slot == again.slot) == (again.rates is None)
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_it_ends_with_the_token(house: House) -> None:
    """A revoked token hears nothing more."""
    stream = ticks(house.console.room, visit_of(house), Asked("production"))
    await anext(stream)

    await house.services.tokens.revoke(house.tokens["viewer"][0])

    assert [] == [tick async for tick in stream]


async def test_it_ends_when_the_server_leaves(house: House) -> None:
    """So that a drain does not wait for open pages."""
    stream = ticks(house.console.room, visit_of(house), Asked("production"))
    await anext(stream)

    house.services.readiness.draining.set()

    assert [] == [tick async for tick in stream]


async def test_an_open_page_uses_the_session(house: House) -> None:
    """Who watches a rollout for an hour is not thrown out in the middle."""
    visit = visit_of(house)
    visit.session.seen -= 1000

    async for _ in ticks(house.console.room, visit, Asked("production")):
        break

    assert house.console.room.watch.clock() - visit.session.seen < 10


async def test_the_stream_is_for_our_own_pages(house: House) -> None:
    """Another site's page cannot listen, nor anybody without a session."""
    browser = await house.signed_in("viewer")
    elsewhere = {"accept": "text/event-stream", "sec-fetch-site": "cross-site"}

    forged = await browser.get("/env/production/live", **elsewhere)
    stranger = await house.browser().get("/env/production/live", accept="text/event-stream")

    assert 403 == forged.status_code
    assert 401 == stranger.status_code


async def test_a_change_is_told_long_before_the_next_second(house: House) -> None:
    """The watch looks at once when the feed has moved: the tick is not left to the timer."""
    stream = ticks(house.console.room, visit_of(house), Asked("production"))
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)

    await house.services.writer.submit(Ramp("theme", 50, "dark"), "production", "anna")
    told = await asyncio.wait_for(waiting, 5)

    assert 3 == told.version
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator
