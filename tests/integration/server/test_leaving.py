"""A server leaves and nobody loses anything: one alone, and two in turn behind a balancer."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from tests.integration.server.applications import Applications
from tests.integration.server.balancer import Balancer
from tests.integration.server.peer import Peer
from tests.integration.server.site import ADMIN_TOKEN, CHANGES, ENVIRONMENT, Site
from tests.integration.server.waiting import eventually
from tests.redis_servers import Redis

READERS = 4
WRITERS = 2


async def test_sigterm_turns_traffic_away_answers_what_was_asked_and_exits_with_0(
    site: Site, peers: Callable[..., Peer]
) -> None:
    """Not ready at once; SDKs are asked to move; a request that waits for a receipt is answered."""
    token = await site.prepare("checkout")
    peer = await peers(site, token, "never acknowledges").connected()
    await peer.first_frame()
    waiting = asyncio.create_task(site.flip("checkout", 50, wait=60))
    delta = await peer.first_frame()

    assert site.process is not None
    site.process.send_signal(signal.SIGTERM)
    goodbye = await peer.first_frame()
    while b'"heartbeat"' in goodbye.data or not goodbye.data:
        goodbye = await peer.first_frame()
    unready = await site.admin.get("/readyz")
    shown = await site.admin.get(f"/api/v1/environments/{ENVIRONMENT}/flags")
    told = await waiting
    code = await peer.until_closed(10)
    exit_code = await asyncio.to_thread(site.process.wait, 20)

    assert (b'"delta"' in delta.data, b'"goodbye"' in goodbye.data) == (True, True)
    assert (503, {"ready": False, "because": "draining"}) == (unready.status_code, unready.json())
    assert (200, "close") == (shown.status_code, shown.headers["connection"])
    assert (1, 0) == (told["connected"], told["applied"])
    assert (1012, 0) == (code, exit_code)


async def test_a_rolling_restart_behind_a_balancer_fails_no_request_and_moves_every_sdk(
    sites: Callable[..., Site], applications: Callable[..., Applications], tmp_path: Path
) -> None:
    """Two servers on one Redis, each restarted under load: 0 failed requests, 0 wrong values."""
    with Redis() as redis:
        both = [sites(store=redis.url, drain_seconds=2.0, notice_seconds=1.0) for _ in range(2)]
        await asyncio.gather(*(site.start() for site in both))
        token = await both[0].prepare("checkout")
        with Balancer([site.port for site in both], tmp_path) as balancer:
            fleet = applications(balancer.url, token, ["checkout"], clients=10, processes=2)
            await fleet.all_at(await both[0].position())
            async with load(balancer.url) as answers:
                exits = []
                for site in both:
                    exits.append(await site.terminate())
                    await site.start()
                    await asyncio.sleep(0.5)  # under load with both, before the next one goes
            await fleet.all_at(await both[0].position())
            seen = await fleet.look()
            connected = [len(await site.fleet()) for site in both]

    print(f"\n{sum(answers.values())} requests during two restarts: {dict(answers)}")
    assert [0, 0] == exits
    assert {200} == answers.keys()
    assert answers[200] > 100
    assert [(0, 0, 0)] * 20 == [(each.older, each.emptied, each.epochs) for each in seen]
    assert [20, 20] == connected


async def test_a_request_that_is_being_sent_when_the_server_leaves_is_still_answered(
    site: Site,
) -> None:
    """The listener is closed only after the notice; what was begun by then is finished."""
    token = await site.prepare("checkout")
    assert token
    body = b'{"command":"ramp","key":"checkout","percent":7}'
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = (
        f"POST {CHANGES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:10])
    await writer.drain()

    assert site.process is not None
    site.process.send_signal(signal.SIGTERM)

    async def is_draining() -> bool:
        return (await site.admin.get("/readyz")).status_code == 503

    await eventually(is_draining, "the server to drain")
    await asyncio.sleep(0.7)  # beyond the notice: the listener is about to be closed, or is
    writer.write(body[10:])
    answer = await reader.read()
    writer.close()

    assert b"HTTP/1.1 200 OK" == answer.partition(b"\r\n")[0]
    assert b'"changed":true' in answer
    assert 0 == await asyncio.to_thread(site.process.wait, 20)


@asynccontextmanager
async def load(url: str) -> AsyncIterator[Counter[object]]:
    """Reads and writes all the time; how they were answered: by status, or by their error."""
    answers: Counter[object] = Counter()
    until = asyncio.Event()

    async def ask(client: httpx.AsyncClient, method: str, path: str, body: object) -> None:
        while not until.is_set():
            try:
                answer = await client.request(method, path, json=body)
            except httpx.HTTPError as error:
                answers[repr(error)] += 1
            else:
                answers[answer.status_code] += 1
            await asyncio.sleep(0.01)

    read = ("GET", f"/api/v1/environments/{ENVIRONMENT}/flags", None)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        tasks = [asyncio.create_task(ask(client, *read)) for _ in range(READERS)]
        for number in range(WRITERS):
            body = {"command": "ramp", "key": "checkout", "percent": 10 * (number + 1)}
            tasks.append(asyncio.create_task(ask(client, "POST", CHANGES, body)))
        yield answers
        until.set()
        await asyncio.gather(*tasks)
