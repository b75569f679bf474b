"""Hints over Pub/Sub: they wake, they promise nothing.

A half-open subscription is deaf for ever and raises nothing, so this one asks PING every second and
is made anew when no answer comes. What it misses meanwhile, whoever follows finds by polling.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import hiredis

from flaghoist_server.store.redis.routes import routes_to
from flaghoist_server.store.redis.target import Target
from flaghoist_server.store.redis.wire import Reply, Wire

__all__ = ["Follower"]

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S: Final = 0.5
SILENCE_S: Final = 1.0
PAUSE_S: Final = 0.25
"""Between two attempts: whoever follows polls meanwhile, so there is no hurry."""


class Follower:
    """Subscriptions to a channel, each made anew for as long as it takes, until `close`."""

    def __init__(self, target: Target, channel: str) -> None:
        self._target = target
        self._channel = channel
        self._closed = asyncio.Event()
        self._wires: set[Wire] = set()

    def close(self) -> None:
        """End all subscriptions."""
        self._closed.set()
        self.renew()

    def renew(self) -> None:
        """Subscribe anew: the primary is another one now."""
        for wire in self._wires:
            wire.close()

    async def names(self) -> AsyncIterator[str]:
        """What is published on the channel, from now on."""
        while not self._closed.is_set():
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    wire = await self._subscribe()
            except (OSError, TimeoutError, hiredis.HiredisError) as error:
                log.debug("no hints: %s", error, extra={"action": "store.no_hints"})
                await self._pause()
                continue
            self._wires.add(wire)
            try:
                async for message in _messages(wire):
                    yield message[2].decode()
            finally:
                self._wires.discard(wire)
                wire.close()

    async def _subscribe(self) -> Wire:
        address = await routes_to(self._target).primary(self._channel)
        wire = await Wire.open(address, self._target.login)
        await wire.send(["SUBSCRIBE", self._channel])
        return wire

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), PAUSE_S)


async def _messages(wire: Wire) -> AsyncIterator[Reply]:
    """Published messages, until the connection breaks or stays silent in spite of a PING."""
    asked = False
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                reply = await wire.next()
        except TimeoutError:
            if asked:
                return
            await wire.send(["PING"])
            asked = True
            continue
        except (OSError, hiredis.HiredisError):
            return
        asked = False
        if isinstance(reply, list) and reply[0] == b"message":
            yield reply
