"""A server in the test's own process, on a store in memory: quick to start, asked over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from flaghoist_server.hub.limits import StreamLimits
from flaghoist_server.serve import Server
from flaghoist_server.settings import ApiLimits, Settings

__all__ = ["ADMIN", "ENVIRONMENT", "bearer", "serving"]

ADMIN = "inside-admin-token-0123456789"
ENVIRONMENT = "production"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@asynccontextmanager
async def serving(
    *flags: str, stream: StreamLimits | None = None, **limits: Any
) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    """The server, and an administrator's client; the environment has these boolean flags, on."""
    settings = Settings(
        port=0,
        store="memory://",
        admin_token=ADMIN,
        drain_seconds=0,
        stream=stream or StreamLimits(),
        api=ApiLimits(**limits),
    )
    async with (
        Server(settings) as server,
        httpx.AsyncClient(base_url=server.url, headers=bearer(ADMIN), timeout=15) as admin,
    ):
        made = await admin.post("/api/v1/environments", json={"name": ENVIRONMENT})
        behaviour = {ENVIRONMENT: {"default": "on"}}
        shown = {key: {"type": "boolean", "environments": behaviour} for key in flags}
        applied = await admin.post("/api/v1/apply", json={"file": {"flaghoist": 1, "flags": shown}})
        assert (201, 200) == (made.status_code, applied.status_code), applied.text
        yield server, admin
