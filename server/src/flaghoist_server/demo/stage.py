"""The demo as it runs: starts everything, watches it, and ends it in time.

Order of things: a server on an embedded store; environments, flags and a token; four processes of
the storefront; then the rollout's first steps (dark code opens for 5 %, a kill); visitors. From
there on the audience changes the flags. What is seen goes into a `Scene`, which a `Show` draws.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from flaghoist.model.flag import Flag
from flaghoist_server.api.effective import effective
from flaghoist_server.console.words.quantities import plural
from flaghoist_server.demo.children import Child, end_all, start
from flaghoist_server.demo.failure import DemoFailed
from flaghoist_server.demo.introduction import Introduction
from flaghoist_server.demo.remote import Remote
from flaghoist_server.demo.scene import CHANGES_KEPT, ChangeSeen, Process, Scene
from flaghoist_server.demo.shows import Show
from flaghoist_server.demo.traffic import visit_for_ever

__all__ = ["Stage", "Wishes"]

FLEET = (
    ("storefront-1", "storefront", "2.8.1"),
    ("storefront-2", "storefront", "2.8.1"),
    ("storefront-3", "storefront", "2.7.4"),
    ("mobile-api", "mobile-api", "5.2.0"),
)
"""Name, application and build of each process; one of them runs an older build."""
START_SECONDS = 30.0
REDRAW_SECONDS = 0.25
SERVER_AWAY_SECONDS = 3.0
"""How long the audience may enjoy that the server is gone and nothing happens."""


@dataclass(frozen=True)
class Wishes:
    """What the demo was asked for."""

    host: str
    port: int
    token: str
    command: str
    seconds: float | None
    traffic: bool

    @property
    def url(self) -> str:
        """Where commands on this machine reach the server."""
        everywhere = self.host in ("0.0.0.0", "::", "")
        host = "127.0.0.1" if everywhere else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class Stage:
    """One run of the demo."""

    def __init__(self, wishes: Wishes, show: Show) -> None:
        self._wishes = wishes
        self._show = show
        processes = [Process(name, build) for name, _, build in FLEET]
        self._scene = Scene(processes, page=f"{wishes.url}/", token=wishes.token)
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._moved = asyncio.Event()
        """Set when a process has applied a version: there is something new to look up."""

    async def run(self) -> None:
        """Until Ctrl-C, SIGTERM or the time asked for; then nothing of it is left.

        Raises: DemoFailed, when something does not start.
        """
        loop, this = asyncio.get_running_loop(), asyncio.current_task()
        assert this is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, this.cancel)
        with tempfile.TemporaryDirectory(prefix="flaghoist-demo-") as directory, self._show:
            try:
                await self._play(Path(directory))
            except asyncio.CancelledError:
                pass  # a signal: the wanted end
            finally:
                await self._end()

    async def _play(self, directory: Path) -> None:
        authorized = {"Authorization": f"Bearer {self._wishes.token}"}
        async with (
            httpx.AsyncClient(base_url=self._wishes.url, headers=authorized) as administration,
            httpx.AsyncClient() as visitors,
        ):
            remote = Remote(administration)
            server = await self._start_server(directory, remote)
            self._show.step("applying the storefront's flags")
            token = await remote.set_up()
            self._show.step(f"starting {len(FLEET)} processes of the storefront")
            await self._start_fleet(directory, token)
            self._spawn(self._follow(remote))
            if self._wishes.traffic:
                for process in self._scene.processes:
                    self._spawn(visit_for_ever(visitors, process, random.Random()))
            self._show.step("opening the new checkout for 5 % of the users")
            await remote.begin_rollout()
            self._show.introduce(self._introduction(server))
            self._spawn(self._keep_server(server, directory, remote))
            await self._watch()

    async def _start_server(self, directory: Path, remote: Remote) -> Child:
        self._show.step("starting the server")
        server = await self._start(
            "server",
            ["flaghoist_server.demo.server"],
            directory,
            {
                "FLAGHOIST_HOST": self._wishes.host,
                "FLAGHOIST_PORT": str(self._wishes.port),
                "FLAGHOIST_STORE": f"sqlite:///{directory / 'flags.db'}",
                "FLAGHOIST_ADMIN_TOKEN": self._wishes.token,
                "FLAGHOIST_DRAIN_SECONDS": "0",
                "FLAGHOIST_NOTICE_SECONDS": "0",
            },
        )
        deadline = time.monotonic() + START_SECONDS
        while not await remote.is_ready():
            if server.ended or time.monotonic() > deadline:
                raise DemoFailed(f"the server did not start: {server.last_words()}")
            await asyncio.sleep(0.05)
        self._scene.server_pid = server.pid
        return server

    async def _start_fleet(self, directory: Path, token: str) -> None:
        starts = [
            self._start_process(process, app, self._wishes.port + place, directory, token)
            for place, (process, (_, app, _)) in enumerate(
                zip(self._scene.processes, FLEET, strict=True), start=1
            )
        ]
        await asyncio.gather(*starts)

    async def _start_process(
        self, process: Process, app: str, port: int, directory: Path, token: str
    ) -> None:
        module = ["flaghoist_server.demo.storefront", process.name, str(port)]
        child = await self._start(
            process.name,
            module,
            directory,
            {
                "FLAGHOIST_URL": self._wishes.url,
                "FLAGHOIST_TOKEN": token,
                "FLAGHOIST_APP": app,
                "FLAGHOIST_BUILD": process.build,
                "FLAGHOIST_CACHE_DIR": str(directory / process.name),
            },
        )
        serving = asyncio.Event()
        self._spawn(self._listen(child, process, serving))
        async with asyncio.timeout(START_SECONDS):
            await serving.wait()
        if process.ended:
            raise DemoFailed(f"{process.name} did not start: {child.last_words()}")

    async def _start(
        self, name: str, module: list[str], directory: Path, variables: dict[str, str]
    ) -> Child:
        child = await start(name, module, variables, directory)
        self._children.append(child)
        return child

    async def _listen(self, child: Child, process: Process, serving: asyncio.Event) -> None:
        """Take in what a process of the storefront tells."""
        async for told in child.lines():
            if "version" in told:
                process.applies(told["version"], told["at"])
                self._moved.set()
            if "port" in told:
                process.port = told["port"]
                serving.set()
        process.ended = True
        serving.set()

    async def _follow(self, remote: Remote) -> None:
        """Look up what was changed, whenever a process has applied something new."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            with contextlib.suppress(httpx.HTTPError):
                entries = await remote.history(CHANGES_KEPT)
                self._scene.flags = await remote.flags()
                self._scene.changes = [ChangeSeen.of(entry, _said(entry)) for entry in entries]

    async def _keep_server(self, server: Child, directory: Path, remote: Remote) -> None:
        """Start the server again when somebody has killed it, after a moment to look around."""
        while True:
            await server.gone()
            self._scene.server = (
                "the server is gone: every process goes on with the flags that it has"
            )
            await asyncio.sleep(SERVER_AWAY_SECONDS)
            server = await self._start_server(directory, remote)
            self._scene.server = ""
            self._moved.set()

    async def _watch(self) -> None:
        """Keep the show up to date until it is over."""
        over = None if self._wishes.seconds is None else time.monotonic() + self._wishes.seconds
        while over is None or time.monotonic() < over:
            for task in self._tasks:
                if task.done():
                    task.result()
            self._show.update(self._scene)
            await asyncio.sleep(REDRAW_SECONDS)

    def _introduction(self, server: Child) -> Introduction:
        shop = f"http://127.0.0.1:{self._scene.processes[0].port}"
        wishes = self._wishes
        return Introduction(wishes.command, wishes.url, wishes.token, shop, server.pid)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await end_all(self._children)


def _said(entry: dict[str, Any]) -> str:
    """What an entry of the history did, in few words."""
    edits, kind = entry.get("flags") or {}, entry["kind"]
    if kind == "create":
        return "environment made"
    if len(edits) != 1:
        return f"{kind}: {plural(len(edits), 'flag')}"
    ((key, edit),) = edits.items()
    if edit.get("after") is None:
        return f"{key} removed"
    state = effective(msgspec.convert(edit["after"], Flag), killed=kind == "kill")
    return f"{key}: {'undone, ' if kind == 'undo' else ''}{state}"
