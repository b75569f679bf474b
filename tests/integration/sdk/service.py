"""A real server in a thread of this process, and what an administrator does to it."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import httpx
from litestar.exceptions import LitestarDeprecationWarning

from flaghoist_server.serve.server import Server
from flaghoist_server.settings import Settings

__all__ = ["ENVIRONMENT", "FLAG", "FLAG_FILE", "Service", "until"]

ADMIN_TOKEN = "integration-admin-token"
ENVIRONMENT = "production"
FLAG = "new-checkout"

FLAG_FILE: dict[str, Any] = {
    "flaghoist": 1,
    "segments": {"staff": {"when": {"attribute": "email", "ends_with": ["@example.com"]}}},
    "flags": {
        FLAG: {
            "type": "boolean",
            "environments": {ENVIRONMENT: {"state": "on", "default": "on", "off_variant": "off"}},
        },
        "theme": {
            "type": "string",
            "variants": {"light": "light", "dark": "dark"},
            "environments": {
                ENVIRONMENT: {
                    "state": "on",
                    "rules": [{"when": {"segment": "staff"}, "serve": "dark"}],
                    "default": "light",
                }
            },
        },
    },
}


def until(holds: Callable[[], Any], within_s: float = 30.0) -> float:
    """Poll until it holds; how long that took. Fails with what was last seen."""
    begun = time.monotonic()
    while not (seen := holds()):
        if time.monotonic() - begun > within_s:
            raise AssertionError(f"not within {within_s} s; last seen: {seen!r}")
        time.sleep(0.002)
    return time.monotonic() - begun


class Service:
    """One server with an environment and a few flags. It can be stopped and started again."""

    def __init__(self, store: str, *, drain_s: float = 0.5) -> None:
        self._settings = {"store": store, "admin_token": ADMIN_TOKEN, "drain_seconds": drain_s}
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._admin = httpx.Client(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=15)
        self.token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return when it serves."""
        ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(ready),), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LitestarDeprecationWarning)
            self._thread.start()
            if not ready.wait(20):
                raise TimeoutError("the server does not start")

    def stop(self) -> None:
        """As on SIGTERM: drain, then end."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            assert self._thread is not None
            self._thread.join(20)
            self._loop = None

    def close(self) -> None:
        self.stop()
        self._admin.close()

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        settings = Settings(port=self._port, notice_seconds=0, **self._settings)
        async with Server(settings) as self._server:
            self._port = self._server.port
            ready.set()
            await self._stop.wait()

    def furnish(self, flag_file: dict[str, Any] = FLAG_FILE) -> None:
        """Make the environment, its flags, and a token for SDKs."""
        self.ask("POST", "/api/v1/environments", {"name": ENVIRONMENT})
        self.token = self.make_token()["token"]
        self.apply(flag_file)

    def make_token(self, role: str = "sdk") -> dict[str, Any]:
        return self.ask("POST", "/api/v1/tokens", {"role": role, "environment": ENVIRONMENT})

    def revoke(self, token_id: str) -> None:
        self._admin.delete(f"{self.url}/api/v1/tokens/{token_id}").raise_for_status()

    def apply(self, flag_file: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.ask("POST", "/api/v1/apply", {"file": flag_file, **more})

    def change(self, command: str, key: str = FLAG, wait_s: float = 0, **more: Any) -> Any:
        """Flip something; with `wait_s` the answer has the receipt."""
        path = f"/api/v1/environments/{ENVIRONMENT}/changes"
        path += f"?wait={wait_s}" if wait_s else ""
        return self.ask("POST", path, {"command": command, "key": key, **more})

    def fleet(self) -> list[dict[str, Any]]:
        return self.ask("GET", f"/api/v1/environments/{ENVIRONMENT}/fleet")["instances"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._admin.request(method, self.url + path, json=body)
        answer.raise_for_status()
        return answer.json()
