"""A flip reaches every process, and no receipt says so before it is true."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from tests.integration.server.applications import Applications
from tests.integration.server.site import Site

FLIPS = 100


async def test_every_process_sees_every_flip_and_no_receipt_is_early(
    site: Site, applications: Callable[..., Applications]
) -> None:
    """Each client of each process is asked what it has as soon as the receipt is there."""
    token = await site.prepare("checkout")
    fleet = applications(site.url, token, ["checkout"], clients=4, processes=3)
    await fleet.all_at(await site.position())

    early, receipts = [], []
    for number in range(FLIPS):
        told = await site.flip("checkout", number % 2 * 100, wait=20)
        receipts.append((told["connected"], told["applied"]))
        early += [seen for seen in await fleet.look() if seen.version < told["version"]]

    had = await fleet.versions()
    assert [(12, 12)] * FLIPS == receipts
    assert [] == early
    flips = set(range(3, 3 + FLIPS))
    assert [FLIPS] * 12 == [len(flips & versions) for versions in had]


async def test_the_newest_of_many_changes_reaches_everyone_whatever_is_skipped(
    site: Site, applications: Callable[..., Applications]
) -> None:
    """Nobody waits for receipts here: changes overtake each other on the way, none gets lost."""
    token = await site.prepare("checkout", "search")
    fleet = applications(site.url, token, ["checkout", "search"], clients=5, processes=2)
    await fleet.all_at(await site.position())

    await asyncio.gather(
        *(site.flip("checkout" if number % 2 else "search", number) for number in range(60))
    )
    await fleet.all_at(await site.position())

    seen = await fleet.look()
    assert (62, 1) == ((await site.position())[1], len({each.hash for each in seen}))
    assert [(0, 0, 0)] * 10 == [(s.older, s.emptied, s.divergences) for s in seen]


async def test_a_process_that_stands_still_gets_the_newest_when_it_goes_on(
    site: Site, applications: Callable[..., Applications]
) -> None:
    """The receipt does not claim that it had the change; nobody else waits for it."""
    token = await site.prepare("checkout")
    quick = applications(site.url, token, ["checkout"], clients=3)
    still = applications(site.url, token, ["checkout"], clients=2)
    position = await site.position()
    await asyncio.gather(quick.all_at(position), still.all_at(position))

    still.processes[0].send_signal(signal.SIGSTOP)
    told = await site.flip("checkout", 50, wait=1)
    for percent in range(10):
        await site.flip("checkout", percent)
    await quick.all_at(await site.position())
    still.processes[0].send_signal(signal.SIGCONT)
    await still.all_at(await site.position())

    assert (5, 3) == (told["connected"], told["applied"])
