"""An SDK's stream over a plain socket, for peers that do what no SDK of ours does: stop reading."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.http11 import Response
from websockets.uri import parse_uri

__all__ = ["Peer"]


class Peer:
    """`connected` says hello; after that it is what the test makes of it."""

    def __init__(self, port: int, token: str, name: str, receive_buffer: int = 0) -> None:
        self.hello = b'{"type":"hello","instance":"%s","app":"peer"}' % name.encode()
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/sdk/v1/stream"))
        self._port = port
        self._token = token
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setblocking(False)
        self.status = 0

    async def connected(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", self._port))
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {self._token}"
        self._protocol.send_request(request)
        await self._flush()
        answer = (await self.read())[0]
        assert isinstance(answer, Response)
        self.status = answer.status_code
        if self.hello and self.status == 101:
            await self.say(self.hello)
        return self

    async def say(self, message: bytes) -> None:
        self._protocol.send_text(message)
        await self._flush()

    async def read(self) -> list[object]:
        """What comes next: events of websockets; nothing once the peer has closed."""
        data = await asyncio.get_running_loop().sock_recv(self.socket, 65_536)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        await self._flush()
        return list(self._protocol.events_received())

    async def until_closed(self, timeout_s: float) -> int | None:
        """Read on until the other end has closed; with which code."""
        async with asyncio.timeout(timeout_s):
            while await self.read():
                pass
        return self._protocol.close_code

    async def first_frame(self) -> Frame:
        while True:
            for event in await self.read():
                if isinstance(event, Frame):
                    return event

    async def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data:
            await asyncio.get_running_loop().sock_sendall(self.socket, data)

    def close(self) -> None:
        self.socket.close()
