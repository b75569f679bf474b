"""One connection to Redis: commands go out together, as many replies come back, or it is closed.

Rules: a connection whose exchange did not end (an error, a time-out, a cancelled task) is never
used again, because the next reply on it would be somebody else's (CVE-2023-28858). `usable` says
so; it is false while an exchange is under way. No clock here: whoever calls sets the time limit.

hiredis reads the protocol; a client library is not used, for its retries would send a write twice
without telling and its time limits are for each reply and not for the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import hiredis

from flaghoist_server.store.redis.target import Address, Login

__all__ = ["Command", "Reply", "Wire", "opened"]

Word = str | int | float | bytes | memoryview  # what hiredis packs
Command = Sequence[Word]
Reply = Any
"""bytes, int, None, a list of replies, or a `hiredis.ReplyError`."""

READ_SIZE: Final = 1 << 16


class Wire:
    """A connection that is logged in. Made by `open`; ended by `close`, which does not wait."""

    def __init__(
        self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.address = address
        self.usable = True
        self._reader = reader
        self._writer = writer
        self._parser = hiredis.Reader()

    @classmethod
    async def open(cls, address: Address, login: Login) -> Wire:
        """Connect and log in.

        Raises:
            OSError: nobody is there, or the connection broke.
            hiredis.ReplyError: the server refuses the login.
        """
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=login.tls)
        wire = cls(address, reader, writer)
        try:
            await wire._log_in(login)
        except BaseException:
            wire.close()
            raise
        return wire

    async def exchange(self, *commands: Command) -> list[Reply]:
        """Send all, then read a reply for each; error replies are returned in their places."""
        self.usable = False
        await self.send(*commands)
        replies = [await self.next() for _ in commands]
        self.usable = True
        return replies

    async def send(self, *commands: Command) -> None:
        """Send without reading: for subscriptions, whose replies come when they come."""
        self._writer.write(b"".join(map(_packed, commands)))
        await self._writer.drain()

    async def next(self) -> Reply:
        """The next reply or pushed message.

        Raises:
            ConnectionError: the server has closed the connection.
        """
        while (reply := self._parser.gets()) is False:
            data = await self._reader.read(READ_SIZE)
            if not data:
                self.usable = False
                raise ConnectionResetError(f"{self.address} closed the connection")
            self._parser.feed(data)
        return reply

    def close(self) -> None:
        self.usable = False
        self._writer.transport.abort()

    def gone(self) -> bool:
        """Whether the other end has already closed: an idle connection shows that at no cost."""
        return self._reader.at_eof() or self._writer.transport.is_closing()

    async def _log_in(self, login: Login) -> None:
        commands: list[Command] = []
        if login.password:
            commands.append(["AUTH", *filter(None, [login.username]), login.password])
        if login.database:
            commands.append(["SELECT", login.database])
        for reply in await self.exchange(*commands):
            if isinstance(reply, hiredis.ReplyError):
                raise reply


def _packed(words: Command) -> bytes:
    packed: bytes = hiredis.pack_command(tuple(words))  # type: ignore[arg-type]  # stub: 1 word
    return packed


@asynccontextmanager
async def opened(address: Address, login: Login) -> AsyncIterator[Wire]:
    """A connection for one use."""
    wire = await Wire.open(address, login)
    try:
        yield wire
    finally:
        wire.close()
