"""A console over the real parts of a server, in one process and without a socket."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from flaghoist.model.flagfile import read_flag_file
from flaghoist.protocol.messages import Hello
from flaghoist_server.api.services import Readiness, Services
from flaghoist_server.api.tokens import TokenBook
from flaghoist_server.change.commands import Apply, Author
from flaghoist_server.console.router import Console
from flaghoist_server.feed.clock import utc_now
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.writer import Writer
from flaghoist_server.fleet.fleet import Fleet
from flaghoist_server.settings import Settings
from flaghoist_server.store.memory import MemoryStore

FLAGS = """
flaghoist: 1
flags:
  new-checkout:
    description: One-page checkout
    owner: payments
    environments:
      production: {state: on, off_variant: off, default: {on: 5, off: 95}}
      staging: {state: on, off_variant: off, default: on}
  team/banner:
    description: "<img src=x onerror=alert(1)> & \\"quotes\\""
    environments:
      production: {state: on, off_variant: off, default: on}
  theme:
    type: string
    variants: {light: light, dark: dark, contrast: high-contrast}
    environments:
      production: {state: on, off_variant: light, default: {dark: 25, light: 75, contrast: 0}}
"""


class House:
    """The running parts, and browsers that look at them."""

    def __init__(self, services: Services, console: Console) -> None:
        self.services = services
        self.console = console
        self.app = Litestar([console.router], openapi_config=None)
        self.tokens: dict[str, tuple[str, str]] = {}

    def browser(self, scheme: str = "http") -> Browser:
        """A browser that has not been here yet."""
        transport = httpx.ASGITransport(app=cast(Any, self.app))
        return Browser(httpx.AsyncClient(transport=transport, base_url=f"{scheme}://console.test"))

    async def signed_in(self, name: str = "operator") -> Browser:
        """A browser of somebody with the token called `name`."""
        browser = self.browser()
        answer = await browser.sign_in(self.tokens[name][1])
        assert 303 == answer.status_code, answer.text
        return browser

    def connect(self, number: int, environment: str = "production") -> None:
        """Let SDKs say hello that have everything."""
        head = self.services.feed.environments[environment].head
        group = self.services.fleet.group(environment, head.epoch, head.version)
        group.roster.version = head.version
        for place in range(number):
            hello = Hello(
                f"web-{place}", app="shop", build="1", epoch=head.epoch, version=head.version
            )
            group.roster.join(hello, self.services.fleet.clock())

    def effective(self, key: str, environment: str = "production") -> str:
        desk = self.console.room.desk
        found = {one.key: one.effective.text for one in desk.found(environment, "", "")}
        return found[key]


class Browser:
    """What a browser without scripts does: keeps cookies, fills in forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.own = {"sec-fetch-site": "same-origin", "origin": str(client.base_url).rstrip("/")}

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(
        self, path: str, form: dict[str, str], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.post(
            path, data=form, headers=self.own if headers is None else headers
        )

    async def secret(self, path: str) -> str:
        """The secret in the forms of a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.get(path)).text)
        assert found, f"{path} has no form"
        return found[1]

    async def sign_in(self, token: str, after: str = "/") -> httpx.Response:
        csrf = await self.secret("/sign-in")
        return await self.post("/sign-in", {"csrf": csrf, "token": token, "after": after})

    async def change(
        self, command: str, key: str = "new-checkout", **fields: str
    ) -> httpx.Response:
        """Send the form of a command as the flag's page has it, and follow to the answer."""
        csrf = await self.secret(f"/env/production/flag/{key}")
        form = {"csrf": csrf, "command": command, "key": key, **fields}
        answer = await self.post("/env/production/changes", form)
        return await self.get(answer.headers["location"])


class Elements(HTMLParser):
    """The elements of a page, each with its attributes, and the page's text in one line."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._words: list[str] = []
        self.feed(page)

    @property
    def text(self) -> str:
        return " ".join(self._words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self._words += data.split()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Two environments, three flags, a token of every role."""
    store = MemoryStore()
    feed, fleet = Feed(store), Fleet("here", time.monotonic)
    await feed.start()
    await fleet.start()
    writer, tokens = Writer(store, feed), TokenBook(store, time.time)
    await tokens.start()
    readiness = Readiness(loaded=True)
    services = Services(
        Settings(), store, feed, writer, fleet, cast(Any, None), tokens, readiness, utc_now
    )
    for name in ("production", "staging"):
        await writer.create(name, Author("test", utc_now()))
    await writer.submit(Apply(read_flag_file(FLAGS)), None, "test")
    console = Console(services)
    house = House(services, console)
    for role in ("admin", "editor", "operator", "viewer", "sdk", "client"):
        text, record = await tokens.issue(role, name=role)
        house.tokens[role] = (record.id, text)
    text, record = await tokens.issue("operator", environment="staging", name="staging-only")
    house.tokens["staging-only"] = (record.id, text)
    async with console.running():
        yield house
    for part in (tokens, fleet, feed, store):
        await part.close()
