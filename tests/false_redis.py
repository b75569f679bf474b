"""A false Redis, for what a real one cannot be made to say: it answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import hiredis

from flaghoist_server.store.redis.target import Address

__all__ = ["Answer", "FalseRedis", "array", "bulk"]

Answer = Callable[[list[bytes]], bytes | None] | bytes | None
"""What to reply to a command, or to all; None: nothing, ever."""


class FalseRedis:
    """A server that answers as it is told (after so long), and remembers what it was asked."""

    def __init__(self, answer: Answer, after_s: float = 0.0) -> None:
        self.answer = answer
        self.after_s = after_s
        self.asked: list[list[bytes]] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.address = Address(*self._server.sockets[0].getsockname())

    async def close(self) -> None:
        self.drop()
        self._server.close()
        await self._server.wait_closed()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def drop(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    @property
    def url(self) -> str:
        return f"redis://{self.address}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        parser = hiredis.Reader()
        while data := await reader.read(1 << 16):
            parser.feed(data)
            while (command := parser.gets()) is not False:
                self.asked.append(command)
                reply = self.answer(command) if callable(self.answer) else self.answer
                await asyncio.sleep(self.after_s)
                if reply is not None:
                    writer.write(reply)
        writer.close()


def bulk(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return b"$%d\r\n%s\r\n" % (len(data), data)


def array(items: Sequence[bytes]) -> bytes:
    return b"*%d\r\n%s" % (len(items), b"".join(items))
