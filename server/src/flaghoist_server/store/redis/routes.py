"""Who is the primary for a hash tag: the one server, the one Sentinels name, or a Cluster's node.

Rules: an answer is kept until `forget` is called, which whoever meets a broken connection, a
demoted primary or a MOVED does. Sentinels are asked all at once and believed by majority: one
that was cut off may still name the old primary, one that is stopped must not cost its time-out.
"""

from __future__ import annotations

import asyncio
from binascii import crc_hqx
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

import hiredis

from flaghoist_server.store.redis.target import Address, Login, Target
from flaghoist_server.store.redis.wire import Reply, opened

__all__ = ["NoPrimary", "Routes", "routes_to", "slot_of"]

ASK_TIMEOUT_S: Final = 0.25
"""For one question to one Sentinel or node: a write has a second for everything."""

SLOTS: Final = 16384


class NoPrimary(OSError):
    """Nobody who was asked could name the primary."""


class Routes(Protocol):
    """Finds primaries, and remembers where they were."""

    async def primary(self, tag: str, /) -> Address:
        """Where the keys of hash tag `tag` are written. Raises `OSError` if nobody can tell."""

    async def primaries(self) -> list[Address]:
        """All of them."""

    def forget(self) -> None:
        """What was known is wrong: ask again next time."""


def routes_to(target: Target) -> Routes:
    """The way to find the primaries that fits the target."""
    if target.shape == "sentinel":
        return _Sentinels(target.hosts, target.name, target.sentinel_login)
    if target.shape == "cluster":
        return _Cluster(target.hosts, target.login)
    return _OneServer(target.hosts[0])


def slot_of(tag: str) -> int:
    """The Cluster's slot of the keys with this hash tag, which ends at its first brace."""
    return crc_hqx(tag.partition("}")[0].encode(), 0) % SLOTS


class _OneServer:
    def __init__(self, address: Address) -> None:
        self._address = address

    async def primary(self, _tag: str, /) -> Address:
        return self._address

    async def primaries(self) -> list[Address]:
        return [self._address]

    def forget(self) -> None:
        """There is only the one."""


class _Sentinels:
    def __init__(self, hosts: Sequence[Address], name: str, login: Login) -> None:
        self._hosts = hosts
        self._name = name
        self._login = login
        self._known: Address | None = None

    async def primary(self, _tag: str, /) -> Address:
        if self._known is None:
            self._known = await self._ask_all()
        return self._known

    async def primaries(self) -> list[Address]:
        return [await self.primary("")]

    def forget(self) -> None:
        self._known = None

    async def _ask_all(self) -> Address:
        asked = [asyncio.create_task(self._ask(host)) for host in self._hosts]
        votes: Counter[Address] = Counter()
        try:
            for answer in asyncio.as_completed(asked):
                if (address := await answer) is not None:
                    votes[address] += 1
                    if votes[address] > len(asked) // 2:
                        return address
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        if not votes:
            asked_of = ", ".join(map(str, self._hosts))
            raise NoPrimary(f"none of the Sentinels {asked_of} names a primary {self._name!r}")
        return votes.most_common(1)[0][0]

    async def _ask(self, host: Address) -> Address | None:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S), opened(host, self._login) as wire:
                question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name]
                (reply,) = await wire.exchange(question)
        except (OSError, TimeoutError, hiredis.HiredisError):
            return None  # the others are asked as well
        return Address(reply[0].decode(), int(reply[1])) if isinstance(reply, list) else None


class _Cluster:
    def __init__(self, hosts: Sequence[Address], login: Login) -> None:
        self._seeds = hosts
        self._login = login
        self._ranges: list[tuple[int, int, Address]] = []

    async def primary(self, tag: str, /) -> Address:
        slot = slot_of(tag)
        for first, last, address in await self._table():
            if first <= slot <= last:
                return address
        raise NoPrimary(f"no node of the Cluster serves slot {slot}")

    async def primaries(self) -> list[Address]:
        return sorted({address for _, _, address in await self._table()})

    def forget(self) -> None:
        self._seeds = tuple(dict.fromkeys([*self._seeds, *(a for _, _, a in self._ranges)]))
        self._ranges = []

    async def _table(self) -> list[tuple[int, int, Address]]:
        if not self._ranges:
            self._ranges = await self._ask_any()
        return self._ranges

    async def _ask_any(self) -> list[tuple[int, int, Address]]:
        for host in self._seeds:
            try:
                async with asyncio.timeout(ASK_TIMEOUT_S), opened(host, self._login) as wire:
                    (reply,) = await wire.exchange(["CLUSTER", "SLOTS"])
            except (OSError, TimeoutError, hiredis.HiredisError):
                continue  # the next node may answer
            if isinstance(reply, list) and reply:
                return [_range(entry, host) for entry in reply]
        asked = ", ".join(map(str, self._seeds))
        raise NoPrimary(f"no node of the Cluster answers; asked were {asked}")


def _range(entry: Reply, asked: Address) -> tuple[int, int, Address]:
    """A line of CLUSTER SLOTS; a node without a host name is the one that was asked."""
    first, last, (host, port, *_) = entry[:3]
    return first, last, Address(host.decode() if host else asked.host, port)
