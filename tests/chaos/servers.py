"""Real server processes: `flaghoist serve` as an operator starts it, and faults done to them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx
from tests.redis_servers import FAST_PLACE, free_port

__all__ = ["ADMIN_TOKEN", "ENVIRONMENT", "Servers", "Site", "eventually"]

ADMIN_TOKEN = "chaos-admin-token-0123456789"
ENVIRONMENT = "production"
START_TIMEOUT_S = 30.0


async def eventually(holds: Any, what: str, timeout_s: float = START_TIMEOUT_S) -> float:
    """Poll until `await holds()` is true; how long that took. An error of the network is *no*."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while loop.time() - begun < timeout_s:
        try:
            if await holds():
                return loop.time() - begun
        except (httpx.HTTPError, OSError):
            pass  # a server that does not answer is no answer
        await asyncio.sleep(0.01)
    raise TimeoutError(f"{what}: not within {timeout_s} s")


class Site:
    """One `flaghoist serve` process, on the same port and with the same mirror for life."""

    def __init__(self, store_url: str, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._store_url = store_url
        self._directory = directory / f"server-{self.port}"
        self._directory.mkdir()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self._directory / "log").read_text()

    def mirrored(self, suffix: str) -> bool:
        """Whether its mirror has such a file: "mirror" for flags, "tokens"."""
        return any((self._directory / "mirror").rglob(f"*.{suffix}"))

    def start(self) -> None:
        """Start it; whoever needs it waits with `ready`."""
        with (self._directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "flaghoist_server.cli.main",
                    "serve",
                    "--port",
                    str(self.port),
                ],
                env=os.environ | self._variables(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def _variables(self) -> dict[str, str]:
        return {
            "FLAGHOIST_STORE": self._store_url,
            "FLAGHOIST_ADMIN_TOKEN": ADMIN_TOKEN,
            "FLAGHOIST_MIRROR": str(self._directory / "mirror"),
            "FLAGHOIST_DRAIN_SECONDS": "1",
        }

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def stop(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            raise RuntimeError("this server does not run")
        self.process.send_signal(number)


class Servers:
    """Some servers on one store, and an administrator's connection to them."""

    def __init__(self, store_url: str, count: int) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="chaos-", dir=FAST_PLACE)
        self.sites = [Site(store_url, Path(self._directory.name)) for _ in range(count)]
        self.admin = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=httpx.Timeout(5.0)
        )

    @property
    def urls(self) -> str:
        """As an SDK takes them."""
        return ",".join(site.url for site in self.sites)

    async def __aenter__(self) -> Self:
        for site in self.sites:
            site.start()
        await self.ready()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.admin.aclose()
        for site in self.sites:
            if site.process is not None:
                site.go_on()
            site.kill()
        self._directory.cleanup()

    async def ready(self, timeout_s: float = START_TIMEOUT_S) -> float:
        """Wait until all are ready for traffic."""
        try:
            return await eventually(self._all_ready, "the servers to be ready", timeout_s)
        except TimeoutError as error:
            logs = "\n".join(site.log[-3000:] for site in self.sites)
            raise TimeoutError(f"{error}\n{logs}") from None

    async def _all_ready(self) -> bool:
        for site in self.sites:
            if (await self.admin.get(f"{site.url}/readyz")).status_code != 200:
                return False
        return True

    async def prepare(self, flags: Sequence[str]) -> str:
        """The environment with boolean flags, all on; a token for its SDKs."""
        await self.post("/api/v1/environments", {"name": ENVIRONMENT}, 201)
        behaviour = {ENVIRONMENT: {"state": "on", "off_variant": "off", "default": "on"}}
        file = {
            "flaghoist": 1,
            "flags": {key: {"type": "boolean", "environments": behaviour} for key in flags},
        }
        await self.post("/api/v1/apply", {"file": file}, 200)
        asked = {"role": "sdk", "environment": ENVIRONMENT}
        token: str = (await self.post("/api/v1/tokens", asked, 201))["token"]
        return token

    async def change(self, command: str, key: str, site: int = 0, **more: Any) -> httpx.Response:
        """Ask one server for a change; whatever it answers."""
        address = f"{self.sites[site].url}/api/v1/environments/{ENVIRONMENT}/changes"
        params = {"wait": more.pop("wait")} if "wait" in more else {}
        body = {"command": command, "key": key, **more}
        return await self.admin.post(address, json=body, params=params)

    async def ramp(self, key: str, percent: float, site: int = 0, **more: Any) -> dict[str, Any]:
        """Make a change through one server; its answer."""
        answer = await self.change("ramp", key, site, percent=percent, **more)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def post(self, path: str, body: dict[str, Any], expected: int, site: int = 0) -> Any:
        """Ask one server as the administrator."""
        answer = await self.admin.post(self.sites[site].url + path, json=body)
        assert expected == answer.status_code, answer.text
        return answer.json()

    async def get(self, path: str, site: int = 0) -> Any:
        answer = await self.admin.get(self.sites[site].url + path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def unready_because(self, site: int) -> str:
        """What a server says when it is asked whether it is ready; "" if it is."""
        answer = await self.admin.get(f"{self.sites[site].url}/readyz")
        return str(answer.json().get("because", ""))

    async def positions(self) -> list[tuple[str, int]]:
        """Where each server believes the environment to stand; ("", 0): it knows none."""
        found = []
        for number in range(len(self.sites)):
            listed = (await self.get("/api/v1/environments", number))["environments"]
            known = {one["environment"]: (one["epoch"], one["version"]) for one in listed}
            found.append(known.get(ENVIRONMENT, ("", 0)))
        return found
