"""Who is the primary for a hash tag: the one server, the one Sentinels name, or a Cluster's node.

Rules: an answer is kept until `forget` is called, which whoever meets a broken connection, a
demoted primary or a MOVED does. Sentinels are asked all at once and believed by majority: one
that was cut off may still name the old primary, one that is stopped must not cost its time-out.

A primary that stood still for a while does not know that another one has taken its place, and
may still have a replica that tells it so much is safe. So what is called durable is `vouched` for
afterwards, by those who decide: most Sentinels answer, and not one of them has a doubt.
"""

from __future__ import annotations

import asyncio
from binascii import crc_hqx
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

import hiredis

from flaghoist_server.store.redis.target import Address, Login, Target
from flaghoist_server.store.redis.wire import Command, Reply, opened

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

    async def vouched(self, address: Address, /) -> bool:
        """Whether `address` is a primary, and nobody is about to replace it."""

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

    async def vouched(self, address: Address, /) -> bool:
        return address == self._address

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

    async def vouched(self, address: Address, /) -> bool:
        asked = (self._ask(host, ["SENTINEL", "MASTER", self._name]) for host in self._hosts)
        replies = [reply for reply in await asyncio.gather(*asked) if isinstance(reply, list)]
        # The flags tell, too, who thinks that it is down, and who is replacing it.
        good = {b"ip": address.host.encode(), b"port": b"%d" % address.port, b"flags": b"master"}
        sound = [good.items() <= _fields(reply).items() for reply in replies]
        return len(sound) > len(self._hosts) // 2 and all(sound)

    def forget(self) -> None:
        self._known = None

    async def _ask_all(self) -> Address:
        question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name]
        asked = [asyncio.create_task(self._ask(host, question)) for host in self._hosts]
        votes: Counter[Address] = Counter()
        try:
            for answer in asyncio.as_completed(asked):
                if isinstance(reply := await answer, list):
                    address = Address(reply[0].decode(), int(reply[1]))
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

    async def _ask(self, host: Address, question: Command) -> Reply:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S), opened(host, self._login) as wire:
                (reply,) = await wire.exchange(question)
        except (OSError, TimeoutError, hiredis.HiredisError):
            return None  # the others are asked as well
        return reply


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

    async def vouched(self, _address: Address, /) -> bool:
        """A primary that most others cannot reach stops taking writes by itself."""
        return True

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


def _fields(reply: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(reply[::2], reply[1::2], strict=True))


def _range(entry: Reply, asked: Address) -> tuple[int, int, Address]:
    """A line of CLUSTER SLOTS; a node without a host name is the one that was asked."""
    first, last, (host, port, *_) = entry[:3]
    return first, last, Address(host.decode() if host else asked.host, port)
