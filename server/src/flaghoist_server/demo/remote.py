"""The few calls of the management API that the demo makes, as its presenter would by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from flaghoist.model.flagfile import read_source

__all__ = ["ENVIRONMENT", "Remote"]

ENVIRONMENT = "production"
HERE = Path(__file__).parent
_HOME = f"/api/v1/environments/{ENVIRONMENT}"


class Remote:
    """The demo's server, as an administrator sees it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def is_ready(self) -> bool:
        """Whether it takes requests by now."""
        try:
            return (await self._client.get("/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    async def set_up(self) -> str:
        """Make the environments, apply the storefront's flags; the token for its processes."""
        for name in (ENVIRONMENT, "staging"):
            await self._post("/api/v1/environments", {"name": name})
        file = read_source((HERE / "storefront.yaml").read_bytes(), "storefront.yaml").data
        await self._post("/api/v1/apply", {"file": file, "reason": "storefront.yaml"})
        return await self._token("sdk", "storefront")

    async def begin_rollout(self) -> None:
        """Its first steps, as people take them: the code was dark; five percent; a kill."""
        await self._change("release", "ramp", "new-checkout", "the first five percent", percent=5)
        await self._change("on-call", "kill", "recommendations", "p95 rising")

    async def _change(self, who: str, command: str, key: str, reason: str, **more: Any) -> None:
        """Change one flag as somebody, and wait until every process has it."""
        body = {"command": command, "key": key, "reason": reason, **more}
        theirs = {"Authorization": f"Bearer {await self._token('operator', who)}"}
        await self._post(f"{_HOME}/changes?wait=5", body, theirs)

    async def _token(self, role: str, name: str) -> str:
        wanted = {"role": role, "environment": ENVIRONMENT, "name": name}
        return str((await self._post("/api/v1/tokens", wanted))["token"])

    async def flags(self) -> list[dict[str, Any]]:
        """Every flag with its state in words."""
        return list((await self._get(f"{_HOME}/flags"))["flags"])

    async def history(self, limit: int) -> list[dict[str, Any]]:
        """The last changes, newest first."""
        return list((await self._get(f"{_HOME}/history?limit={limit}"))["changes"])

    async def _get(self, where: str) -> dict[str, Any]:
        return dict((await self._client.get(where)).raise_for_status().json())

    async def _post(
        self, where: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        answer = await self._client.post(where, json=body, headers=headers)
        return dict(answer.raise_for_status().json())
