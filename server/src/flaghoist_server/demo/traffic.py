"""The storefront's visitors: each looks at the shop, and some of them order something.

The load is bounded by design: every process has one visitor after the other, with a pause between
that makes about ten requests a second of it, however fast the machine is.
"""

from __future__ import annotations

import asyncio
import random
import time

import httpx

from flaghoist_server.demo.scene import Process

__all__ = ["visit_for_ever"]

VISITORS = 5000
PAUSE_SECONDS = 0.16
"""Between one visitor and the next, on average; the pauses vary as people's do."""
PATIENCE_SECONDS = 2.0


async def visit_for_ever(client: httpx.AsyncClient, process: Process, rng: random.Random) -> None:
    """One visitor after the other, until cancelled."""
    while True:
        await asyncio.sleep(rng.expovariate(1 / PAUSE_SECONDS))
        user = f"user-{rng.randrange(VISITORS)}"
        if rng.random() < 0.3:
            await _ask(client, process, "GET", "/", user)
        await _ask(client, process, "POST", "/orders", user)


async def _ask(
    client: httpx.AsyncClient, process: Process, method: str, where: str, user: str
) -> None:
    """Ask, and count the answer unless a newer version was applied meanwhile."""
    version = process.version
    try:
        answer = await client.request(
            method,
            f"http://127.0.0.1:{process.port}{where}",
            params={"user": user},
            timeout=PATIENCE_SECONDS,
        )
        answer.raise_for_status()
    except httpx.HTTPError:
        process.failures += 1
        return
    if process.version == version:
        process.answers_with(answer.headers.get("x-served", ""), time.time())
    else:
        process.answers_with("", time.time())
