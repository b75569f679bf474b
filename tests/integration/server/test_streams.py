"""Streams that do not behave: each costs little, is let go in time, and delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from tests.integration.server.applications import Applications
from tests.integration.server.inside import bearer, serving
from tests.integration.server.peer import Peer
from tests.integration.server.site import CHANGES, ENVIRONMENT, Site
from tests.integration.server.waiting import eventually

from flaghoist_server.hub.limits import StreamLimits

DEAF = 50
FRAME_BYTES = 480_000
SMALL_BUFFER = 4096


async def test_peers_that_stop_reading_cost_little_delay_nobody_and_are_let_go(
    sites: Callable[..., Site],
    applications: Callable[..., Applications],
    peers: Callable[..., Peer],
) -> None:
    """They are closed as too slow; of what they miss, 9.6 MB each, not one frame is kept each."""
    site = sites(stream={"stalled_seconds": 3.0})
    await site.start()
    token = await site.prepare("checkout")
    quick = applications(site.url, token, ["checkout"], clients=10)
    await quick.all_at(await site.position())
    await _change_much(site, times=40)  # what the server remembers of changes is full by now
    for number in range(DEAF):
        await peers(site, token, f"deaf-{number}", SMALL_BUFFER).connected()
    await eventually(_fleet_of(site, 10 + DEAF), "everybody to be in the fleet")

    await _change_much(site, times=8)  # more than the kernel holds for a peer that reads nothing
    filled = site.memory
    await _change_much(site, times=20)
    grown = site.memory - filled
    await quick.all_at(await site.position())
    await eventually(_fleet_of(site, 10), "the deaf to be let go", 20)

    closed = await site.closed()
    assert DEAF == closed["1013"]
    assert grown < DEAF * FRAME_BYTES / 2, f"{grown / DEAF:,.0f} bytes a peer"


async def test_a_peer_that_is_silent_is_cut_within_two_and_a_half_beats(
    sites: Callable[..., Site],
    applications: Callable[..., Applications],
    peers: Callable[..., Peer],
) -> None:
    """Its machine has lost power: no FIN comes, pings get no answer. Those who answer stay."""
    site = sites(stream={"beat_seconds": 2.0})
    await site.start()
    token = await site.prepare("checkout")
    quick = applications(site.url, token, ["checkout"], clients=3)
    await quick.all_at(await site.position())
    await peers(site, token, "half-open").connected()
    await eventually(_fleet_of(site, 4), "everybody to be in the fleet")

    await eventually(_fleet_of(site, 3), "the silent peer to be cut", 10)  # and not in 25 s

    assert {"1006": 1} == await site.closed()


async def test_who_says_no_hello_or_too_much_or_nonsense_is_closed() -> None:
    """Each with the code that says why."""
    said = {
        "too big": b'{"type":"report","counts":"' + b"x" * 70_000 + b'"}',
        "no JSON": b"hello?",
        "two hellos": b'{"type":"hello","instance":"again"}',
    }
    hasty = StreamLimits(hello_seconds=0.5, beat_seconds=1.0)
    async with serving("checkout", stream=hasty) as (server, admin):
        token = (await new_token(admin, "sdk"))["token"]
        mute = Peer(server.port, token, "mute")
        mute.hello = b""
        speakers = {name: await Peer(server.port, token, name).connected() for name in said}
        await mute.connected()

        for name, message in said.items():
            await speakers[name].say(message)
        codes = {name: await peer.until_closed(10) for name, peer in speakers.items()}
        codes["mute"] = await mute.until_closed(10)
        for peer in [mute, *speakers.values()]:
            peer.close()

    assert {"too big": 1009, "no JSON": 1008, "two hellos": 1008, "mute": 1008} == codes


async def test_a_kill_gets_through_when_sdks_have_all_files_that_are_for_them(
    sites: Callable[..., Site], peers: Callable[..., Peer]
) -> None:
    """The next one is told to come again; an operator needs no luck."""
    site = sites(files=64)
    await site.start()
    token = await site.prepare("checkout")
    streams = [await peers(site, token, f"sdk-{n}").connected() for n in range(32)]

    late = await peers(site, token, "one too many").connected()
    body = {"command": "kill", "key": "checkout"}
    async with httpx.AsyncClient(headers=site.admin.headers) as operator:
        killed = await operator.post(site.url + CHANGES, json=body)

    assert [101] * 32 + [503] == [peer.status for peer in [*streams, late]]
    assert (200, True) == (killed.status_code, killed.json()["changed"])


async def test_revoking_a_token_closes_its_streams_and_no_other(
    site: Site, applications: Callable[..., Applications], peers: Callable[..., Peer]
) -> None:
    """Within five seconds, with a code that says why; what is held goes on being served."""
    kept = await site.prepare("checkout")
    revoked = await site.make_token()
    staying = applications(site.url, kept, ["checkout"], clients=2)
    leaving = applications(site.url, revoked["token"], ["checkout"], clients=2)
    peer = await peers(site, revoked["token"], "told why").connected()
    for fleet in (staying, leaving):
        await fleet.all_at(await site.position())

    answer = await site.admin.delete(f"/api/v1/tokens/{revoked['id']}")
    code = await peer.until_closed(5)
    await eventually(_fleet_of(site, 2), "their streams to be closed", 5)
    told = await site.flip("checkout", 50, wait=5)

    assert (200, 4401) == (answer.status_code, code)
    assert (2, 2) == (told["connected"], told["applied"])
    assert [(0, 0)] * 2 == [(seen.emptied, seen.older) for seen in await leaving.look()]


async def test_live_events_end_with_the_token_that_they_were_opened_with() -> None:
    """Whoever may no longer look sees nothing more."""
    path = f"/api/v1/environments/{ENVIRONMENT}/live"
    async with serving("checkout") as (_, admin):
        viewer = await new_token(admin, "viewer")
        async with admin.stream("GET", path, headers=bearer(viewer["token"])) as events:
            lines = events.aiter_lines()
            first = await anext(lines)
            await admin.delete(f"/api/v1/tokens/{viewer['id']}")
            async with asyncio.timeout(5):
                async for _ in lines:
                    pass

    assert "event: state" == first


async def test_a_page_in_a_browser_opens_no_stream() -> None:
    """An `Origin` gives it away; and a token in the address, where logs keep it, is none."""
    page = {"Origin": "https://elsewhere.example"}
    upgrade = {
        "Authorization": "",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    async with serving("checkout") as (_, admin):
        token = (await new_token(admin, "sdk"))["token"]
        path = "/sdk/v1/stream"
        from_a_page = await admin.get(path, headers=upgrade | bearer(token) | page)
        in_the_address = await admin.get(f"{path}?token={token}", headers=upgrade)

    assert (403, 401) == (from_a_page.status_code, in_the_address.status_code)


async def new_token(admin: httpx.AsyncClient, role: str) -> dict[str, str]:
    answer = await admin.post("/api/v1/tokens", json={"role": role, "environment": ENVIRONMENT})
    made: dict[str, str] = answer.json()
    return made


async def _change_much(site: Site, times: int) -> None:
    """Changes whose frames have `FRAME_BYTES` each."""
    for number in range(times):
        shown = {
            f"text-{each}": {
                "type": "string",
                "variants": {"text": f"{number} " + "x" * (FRAME_BYTES // 10)},
                "environments": {ENVIRONMENT: {"default": "text"}},
            }
            for each in range(10)
        }
        await site.post("/api/v1/apply", {"file": {"flaghoist": 1, "flags": shown}})


def _fleet_of(site: Site, count: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return len(await site.fleet()) == count

    return holds
