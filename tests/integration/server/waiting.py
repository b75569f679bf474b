"""Waiting for something to become true: by looking, not by sleeping for as long as it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx

__all__ = ["eventually"]


async def eventually(
    holds: Callable[[], Awaitable[bool]], what: str, timeout_s: float = 30.0
) -> None:
    """Poll until `await holds()` is true. An error of the network is *no*."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while loop.time() < deadline:
        try:
            if await holds():
                return
        except (httpx.HTTPError, OSError):
            pass  # a server that does not answer is no answer
        await asyncio.sleep(0.01)
    raise TimeoutError(f"{what}: not within {timeout_s} s")
