"""Writers, and the ledger of what they were told: what was acknowledged must be in the log, once.

A writer ramps a flag to a share that it never had, under a reason that no other write has. When
it gets no answer, or is told to come again, it asks another server with the same idempotency key,
as a deploy script would. What it never got an answer for is in the log or not: nobody knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import httpx
import msgspec
from tests.chaos.servers import ADMIN_TOKEN, ENVIRONMENT, Servers

from flaghoist_server.store.open import open_store

__all__ = ["Ledger", "Losses", "Traffic", "losses"]

PATIENCE_S = 15.0
"""How long a writer tries one write again and again."""


class Written(msgspec.Struct):
    """A write that was acknowledged."""

    reason: str
    version: int
    durable: bool
    asked_at: float
    took_s: float


class Ledger(msgspec.Struct):
    """What all writers were told."""

    acknowledged: list[Written] = msgspec.field(default_factory=list)
    unknown: list[str] = msgspec.field(default_factory=list)
    refused: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def durable(self) -> list[Written]:
        return [one for one in self.acknowledged if one.durable]

    def longest_outage_s(self) -> float:
        """The longest time in which nothing was acknowledged."""
        done = sorted(one.asked_at + one.took_s for one in self.acknowledged)
        return max((b - a for a, b in itertools.pairwise(done)), default=0.0)


class Traffic:
    """Writers against all servers, each with flags of its own."""

    def __init__(
        self,
        servers: Servers,
        flags: Sequence[str],
        *,
        seed: int,
        pause_s: float = 0.05,
        writes: int | None = None,
    ) -> None:
        self.ledger = Ledger()
        self._servers = servers
        self._flags = flags
        self._random = random.Random(seed)
        self._pause_s = pause_s
        self._writes = writes
        self._stopping = asyncio.Event()

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[Ledger]:
        """Write until the block ends, and until what was begun is answered."""
        writing = asyncio.create_task(self.write())
        try:
            yield self.ledger
        finally:
            self._stopping.set()
            await writing

    async def write(self) -> Ledger:
        """One writer for each flag, until each has made its writes or is told to stop."""
        limits = httpx.Limits(max_connections=None)
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        async with httpx.AsyncClient(headers=headers, timeout=3.0, limits=limits) as client:
            await asyncio.gather(*(self._write_flag(client, key) for key in self._flags))
        return self.ledger

    async def _write_flag(self, client: httpx.AsyncClient, key: str) -> None:
        for number in itertools.count(1):
            if self._stopping.is_set() or (self._writes and number > self._writes):
                return
            await self._write_one(client, key, number)
            await asyncio.sleep(self._random.uniform(0, 2 * self._pause_s))

    async def _write_one(self, client: httpx.AsyncClient, key: str, number: int) -> None:
        reason = f"{key}#{number}"
        body = {"command": "ramp", "key": key, "percent": number % 100_000 / 1000, "reason": reason}
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_S:
            site = self._random.choice(self._servers.sites)
            address = f"{site.url}/api/v1/environments/{ENVIRONMENT}/changes"
            try:
                answer = await client.post(address, json=body, headers={"Idempotency-Key": reason})
            except httpx.HTTPError as error:
                self.ledger.refused[type(error).__name__] += 1
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 200:
                self._note(answer.json(), reason, begun)
                return
            self.ledger.refused[str(answer.status_code)] += 1
            assert answer.status_code in (503, 507), answer.text
            await asyncio.sleep(0.1)
        self.ledger.unknown.append(reason)

    def _note(self, answer: dict[str, object], reason: str, begun: float) -> None:
        version = msgspec.convert(answer["version"], int)
        took_s = time.monotonic() - begun
        written = Written(reason, version, bool(answer["durable"]), begun, took_s)
        self.ledger.acknowledged.append(written)


class Losses(msgspec.Struct):
    """What the log says of what was acknowledged."""

    entries: int
    lost: list[str]
    """Answered as durable, and not in the log."""
    at_risk: list[str]
    """Answered as not durable, and not in the log."""
    twice: list[str]
    gaps: list[int]
    """Versions that are missing inside an epoch."""

    @property
    def of_any_kind(self) -> list[str]:
        return [*self.lost, *self.at_risk, *self.twice, *map(str, self.gaps)]


async def losses(store_url: str, ledger: Ledger) -> Losses:
    """Read the log from the store itself, and compare."""
    store = open_store(store_url, exclusive=False)
    await store.start()
    entries = []
    while page := await store.read(ENVIRONMENT, entries[-1].version if entries else 0):
        entries += page
    await store.close()
    reasons = Counter(entry.reason for entry in entries if "#" in entry.reason)
    missing = [one for one in ledger.acknowledged if one.reason not in reasons]
    return Losses(
        entries=len(entries),
        lost=[one.reason for one in missing if one.durable],
        at_risk=[one.reason for one in missing if not one.durable],
        twice=[reason for reason, count in reasons.items() if count > 1],
        gaps=[
            b.version
            for a, b in itertools.pairwise(entries)
            if a.epoch == b.epoch and b.version != a.version + 1
        ],
    )
