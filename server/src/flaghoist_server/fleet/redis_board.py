"""The board of servers that share a Redis: each puts up its part under keys that expire.

A part in counts is a few hundred bytes, and read many times a second while a receipt is waited for.
Its instances one by one may be a megabyte: they have a key of their own, which is written only when
it is told, and read again only when they are others than before.

While Redis is away, the parts that were read last stay: nobody knows that their SDKs have applied
anything since, and a receipt must not say so.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import Final

import msgspec

from flaghoist_server.fleet.board import FADES_SECONDS, Instance, Part
from flaghoist_server.store.port import StoreError
from flaghoist_server.store.redis.keys import Keys
from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.target import read_url
from flaghoist_server.store.redis.wire import Command

__all__ = ["RedisBoard"]

_FADES_MS: Final = int(FADES_SECONDS * 1000)
_INSTANCES_FADE_MS: Final = 4 * _FADES_MS


class _Posted(msgspec.Struct, frozen=True):
    """A part without its instances, and the number under which those were put up."""

    part: Part
    instances: int


_encode = msgspec.json.Encoder().encode
_decode_posted = msgspec.json.Decoder(_Posted).decode
_decode_instances = msgspec.json.Decoder(list[Instance]).decode


class RedisBoard:
    """Implements `FleetBoard` for the server named `replica` in the Redis at `url`."""

    def __init__(self, url: str, replica: str) -> None:
        target = read_url(url)
        self._replica = replica
        self._keys = Keys(target.options.prefix)
        self._line = Line(target)
        self._shown: dict[str, int] = {}
        """How often the instances of an environment were put up: the number that they have."""
        self._known: dict[str, list[Part]] = {}
        self._instances: dict[tuple[str, str], tuple[int, list[Instance]]] = {}

    async def start(self) -> None:
        """Nothing to open: the first call connects."""

    async def close(self) -> None:
        """See `FleetBoard.close`."""
        for name in self._shown:
            try:
                await self._line.call(name, *self._taken_down(name))
            except StoreError:
                break  # it fades by itself
        self._shown.clear()
        self._line.close()

    async def show(self, part: Part, *, counts_only: bool = False) -> None:
        """See `FleetBoard.show`."""
        number = self._shown.get(part.environment, 0) + (not counts_only)
        self._shown[part.environment] = number
        with contextlib.suppress(StoreError):  # the next second tries again
            await self._line.call(part.environment, *self._put_up(part, number, not counts_only))

    async def others(self, environment: str) -> list[Part]:
        """See `FleetBoard.others`."""
        with contextlib.suppress(StoreError):  # what was known stays: see above
            self._known[environment] = await self._read(environment)
        return self._known.get(environment, [])

    def _put_up(self, part: Part, number: int, with_instances: bool) -> list[Command]:
        keys, name = self._keys, part.environment
        posted = _encode(_Posted(msgspec.structs.replace(part, instances=[]), number))
        commands: list[Command] = [
            ["SET", keys.part(name, self._replica), posted, "PX", _FADES_MS],
            ["SADD", keys.replicas(name), self._replica],
        ]
        if with_instances:
            body = zlib.compress(_encode(part.instances), level=1)
            place = keys.instances(name, self._replica)
            commands.insert(0, ["SET", place, body, "PX", _INSTANCES_FADE_MS])
        return commands

    def _taken_down(self, name: str) -> list[Command]:
        part, instances = (
            self._keys.part(name, self._replica),
            self._keys.instances(name, self._replica),
        )
        return [["DEL", part, instances], ["SREM", self._keys.replicas(name), self._replica]]

    async def _read(self, environment: str) -> list[Part]:
        (members,) = await self._line.call(
            environment, ["SMEMBERS", self._keys.replicas(environment)]
        )
        names = sorted({member.decode() for member in members} - {self._replica})
        if not names:
            return []
        places = [self._keys.part(environment, name) for name in names]
        (found,) = await self._line.call(environment, ["MGET", *places])
        if faded := [name for name, body in zip(names, found, strict=True) if body is None]:
            await self._line.call(environment, ["SREM", self._keys.replicas(environment), *faded])
        return [await self._whole(_decode_posted(body)) for body in found if body is not None]

    async def _whole(self, posted: _Posted) -> Part:
        """The part with its instances, which are read only if they are new."""
        part = posted.part
        place = (part.environment, part.replica)
        number, instances = self._instances.get(place, (-1, []))
        if number != posted.instances:
            wanted = ["GET", self._keys.instances(part.environment, part.replica)]
            (body,) = await self._line.call(part.environment, wanted)
            instances = _decode_instances(zlib.decompress(body)) if body else []
            self._instances[place] = (posted.instances, instances)
        return msgspec.structs.replace(part, instances=instances)
