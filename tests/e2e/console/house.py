"""A real server, and for each test an environment of its own with real SDK clients in it."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from tests.integration.server.site import Site
from tests.integration.server.waiting import eventually

from flaghoist import Client

__all__ = ["FLAGS", "House", "Place"]

USERS = [f"user-{number}" for number in range(40)]
EARLY, LATE = "user-1", "user-42"
"""Their buckets in `new-checkout` are 5.6 % and 44.5 %: CONTRACT.md, section 1."""

FLAGS: dict[str, dict[str, Any]] = {
    "dark-theme": {
        "description": "Dark colours",
        "owner": "web",
        "behaviour": {"state": "on", "off_variant": "off", "default": "on"},
    },
    "new-checkout": {
        "description": "One-page checkout",
        "owner": "payments",
        "tags": ["checkout"],
        "expires": "2024-03-31",
        "behaviour": {"state": "on", "off_variant": "off", "default": {"on": 10, "off": 90}},
    },
    "recommendations": {
        "description": '<b onclick="alert(1)">You may also like</b>',
        "owner": "search",
        "behaviour": {"state": "on", "off_variant": "off", "default": "on"},
    },
    "shop/theme": {
        "type": "string",
        "variants": {"light": "light", "dark": "dark", "contrast": "high-contrast"},
        "behaviour": {
            "state": "on",
            "off_variant": "light",
            "rules": [
                {
                    "name": "staff",
                    "when": {"attribute": "email", "ends_with": ["@example.com"]},
                    "serve": "contrast",
                }
            ],
            "default": {"dark": 25, "light": 75, "contrast": 0},
        },
    },
}


class House:
    """The server. Its environments are called `prod-1`, `prod-2` …, so each is a production."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._numbers = itertools.count(1)

    async def make_place(self, *, clients: int = 3, flags: bool = True) -> Place:
        """An environment with the flags above, and clients that have them."""
        place = Place(self, f"prod-{next(self._numbers)}")
        await self.site.post("/api/v1/environments", {"name": place.name})
        if flags:
            await place.apply_flags()
        await place.connect(clients)
        return place


class Place:
    """One environment, and the applications in it."""

    def __init__(self, house: House, name: str) -> None:
        self.site = house.site
        self.name = name
        self.clients: list[Client] = []
        self._traffic: asyncio.Task[None] | None = None

    async def apply_flags(self) -> None:
        shown = {
            key: {name: value for name, value in flag.items() if name != "behaviour"}
            | {"type": flag.get("type", "boolean"), "environments": {self.name: flag["behaviour"]}}
            for key, flag in FLAGS.items()
        }
        await self.site.post("/api/v1/apply", {"file": {"flaghoist": 1, "flags": shown}})

    async def token(self, role: str) -> str:
        body = {"role": role, "environment": self.name, "name": role}
        return str((await self.site.post("/api/v1/tokens", body))["token"])

    async def connect(self, number: int) -> None:
        """More applications, each with users who come by all the time."""
        token = await self.token("sdk")
        for _ in range(number):
            client = Client(url=self.site.url, token=token, app="shop", build="2.8.1")
            self.clients.append(client)
            assert await client.ready(30), client.status
        self._traffic = self._traffic or asyncio.create_task(self._visits())

    async def change(self, command: str, key: str = "new-checkout", **fields: Any) -> None:
        """Somebody else's change."""
        path = f"/api/v1/environments/{self.name}/changes"
        await self.site.post(path, {"command": command, "key": key, **fields})

    async def serves(self, served: Any, user: str = EARLY, key: str = "new-checkout") -> None:
        """Wait until every client gives `served`."""

        async def all_of_them() -> bool:
            return {served} == {client.value(key, user, default=None) for client in self.clients}

        await eventually(all_of_them, f"{key} is {served!r} for {user}", 10)

    async def close(self) -> None:
        if self._traffic is not None:
            self._traffic.cancel()
        for client in self.clients:
            client.close()

    async def _visits(self) -> None:
        for user in itertools.cycle(USERS):
            for client in self.clients:
                client.is_enabled("new-checkout", user)
                client.value("shop/theme", user, default="light")
            await asyncio.sleep(0.02)
