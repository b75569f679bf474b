"""A real server process on a file of its own, what is done to it, and an administrator's way in."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
from tests.integration.server.waiting import eventually
from tests.redis_servers import free_port

__all__ = ["ADMIN_TOKEN", "ENVIRONMENT", "Site"]

ADMIN_TOKEN = "integration-admin-token-0123456789"
ENVIRONMENT = "production"
PROGRAM = Path(__file__).with_name("server_program.py")
CHANGES = f"/api/v1/environments/{ENVIRONMENT}/changes"


class Site:
    """One server: the same port and the same store for life, over several processes."""

    def __init__(
        self,
        folder: Path,
        *,
        store: str = "",
        stream: dict[str, Any] | None = None,
        files: int = 0,
        **settings: Any,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._told = {
            "settings": {
                "port": self.port,
                "store": store or f"sqlite:///{folder}/flags.db",
                "admin_token": ADMIN_TOKEN,
                "drain_seconds": 2.0,
                "notice_seconds": 0.5,
                **settings,
            },
            "stream": stream or {},
            "files": files,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.admin = httpx.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=30
        )

    # Its life.

    async def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, str(PROGRAM), json.dumps(self._told)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=-3)
        try:
            await eventually(self.is_ready, f"{self.url} to be ready")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log}") from None

    async def is_ready(self) -> bool:
        return (await self.admin.get("/readyz")).status_code == 200

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def terminate(self) -> int:
        """SIGTERM, as a deployment sends it; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, 30)
        self.process = None
        return code

    async def close(self) -> None:
        self.kill()
        await self.admin.aclose()

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return self._folder / f"server-{self.port}.log"

    @property
    def memory(self) -> int:
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    # What an administrator asks.

    async def prepare(self, *flags: str) -> str:
        """The environment with boolean flags, all on; a token for its SDKs."""
        await self.post("/api/v1/environments", {"name": ENVIRONMENT})
        behaviour = {ENVIRONMENT: {"state": "on", "off_variant": "off", "default": "on"}}
        shown = {key: {"type": "boolean", "environments": behaviour} for key in flags}
        await self.post("/api/v1/apply", {"file": {"flaghoist": 1, "flags": shown}})
        return (await self.make_token())["token"]

    async def make_token(self, role: str = "sdk") -> Any:
        return await self.post("/api/v1/tokens", {"role": role, "environment": ENVIRONMENT})

    async def flip(self, key: str, percent: float, wait: float | None = None) -> Any:
        """Ramp a flag; with `wait` the answer comes with the receipt."""
        query = "" if wait is None else f"?wait={wait}"
        return await self.post(CHANGES + query, {"command": "ramp", "key": key, "percent": percent})

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.admin.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        answer = await self.admin.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    async def fleet(self) -> list[dict[str, Any]]:
        return (await self.get(f"/api/v1/environments/{ENVIRONMENT}/fleet"))["instances"]

    async def position(self) -> tuple[str, int]:
        shown = await self.get(f"/api/v1/environments/{ENVIRONMENT}/flags")
        return shown["epoch"], shown["version"]

    async def closed(self) -> dict[str, int]:
        """How many streams were closed with which code."""
        found = re.findall(r'ws_closed_total{code="(\d+)"} (\S+)', await self.metrics())
        return {code: int(float(count)) for code, count in found}

    async def metrics(self) -> str:
        return (await self.admin.get("/metrics")).text
