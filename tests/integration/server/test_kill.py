"""`kill -9` of the server: evaluations do not change, and the newest arrives by itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from tests.integration.server.applications import Applications
from tests.integration.server.site import Site
from tests.integration.server.waiting import eventually

KILLS = 5 if os.environ.get("FLAGHOIST_CHAOS") == "long" else 1


async def test_a_killed_server_changes_no_evaluation_and_its_return_brings_the_newest(
    site: Site, applications: Callable[..., Applications]
) -> None:
    """Acknowledged changes are there after each kill, and reach every client.

    Clients pause longer after every kill, by design: often is for the long form.
    """
    token = await site.prepare("checkout")
    fleet = applications(site.url, token, ["checkout"], clients=5, processes=2)
    await fleet.all_at(await site.position())

    found = []
    for number in range(KILLS):
        acknowledged = (await site.flip("checkout", 10 + number))["version"]
        site.kill()

        async def noticed() -> bool:
            return not any(seen.connected for seen in await fleet.look())

        await eventually(noticed, "every SDK to notice")
        await site.start()
        found.append((await site.position())[1] == acknowledged)
        newest = await site.flip("checkout", 50 + number)
        await fleet.all_at(await site.position())
        found.append((await site.position())[1] == newest["version"])

    seen = await fleet.look()
    assert [True, True] * KILLS == found
    assert [(0, 0, 0)] * 10 == [(each.older, each.emptied, each.epochs) for each in seen]
    assert all(each.looks > 0 for each in seen)


async def test_a_change_that_was_cut_off_is_there_whole_or_not_at_all(
    site: Site, applications: Callable[..., Applications]
) -> None:
    """The server dies while it writes; the log is whole afterwards, and so is what SDKs have."""
    keys = [f"flag-{number}" for number in range(20)]
    token = await site.prepare(*keys)
    fleet = applications(site.url, token, keys, clients=3)
    acknowledged = 0

    async def write(percent: int) -> None:
        nonlocal acknowledged
        behaviour = {"production": {"default": {"on": percent, "off": 100 - percent}}}
        shown = {key: {"type": "boolean", "environments": behaviour} for key in keys}
        body = {"file": {"flaghoist": 1, "flags": shown}}
        answer = await site.post("/api/v1/apply", body)
        acknowledged = max(acknowledged, answer["changes"][0]["version"])

    async def some_are_acknowledged() -> bool:
        return acknowledged >= 10

    writes = [asyncio.create_task(write(percent)) for percent in range(1, 60)]
    await eventually(some_are_acknowledged, "some writes")
    site.kill()
    await asyncio.gather(*writes, return_exceptions=True)
    await site.start()

    shown = await site.get("/api/v1/environments/production/flags")
    assert shown["version"] >= acknowledged >= 10
    assert 1 == len({(flag["effective"], flag["version"]) for flag in shown["flags"]})
    await fleet.all_at((shown["epoch"], shown["version"]))
