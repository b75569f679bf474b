"""The websocket shell: one connection of `websockets`, one conversation.

Rules: what is said is decided in the conversation; here bytes travel, time passes, and foreign
errors become a `Failure`. The connection is never left to a context manager: in a forked child,
or at the interpreter's end, its coroutine may be collected, and nothing may then be sent.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)

from flaghoist.link import logs
from flaghoist.link.channel import Channel
from flaghoist.link.conversation import Conversation, Left
from flaghoist.link.failure import Blocked, Failure, Refused, Unreachable, of_status
from flaghoist.protocol.codec import encode

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding
    from flaghoist.protocol.messages import Report

__all__ = ["Stream"]

MAX_FRAME = 32 * 1024 * 1024
"""Twice what 10,000 flags of 1.6 kB take."""
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 0.2
_TOKEN_REFUSED = (4401, 4403)

_websocket_log = logs.logger().getChild("websocket")
_websocket_log.setLevel(logging.WARNING)  # at DEBUG websockets writes headers out, with the token


class _Connect(connect):
    """`connect` that follows no redirect: the token is for the address that was configured."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Stream(Channel):
    """Flags over a websocket."""

    transport = "websocket"

    def __init__(self, url: str, token: str, holding: Holding) -> None:
        super().__init__(url)
        self._token = token
        self._conversation = Conversation(holding)
        self._connection: ClientConnection | None = None
        self._heard = False

    @property
    def unanswered(self) -> bool:
        """The handshake was done, and not a word came through."""
        return self._connection is not None and not self._heard

    async def report(self, report: Report) -> None:
        await self._send(encode(report))

    async def close(self) -> None:
        await self._end_task()
        if self._connection is not None:
            try:
                await self._connection.close()
            finally:
                self._connection.transport.abort()

    async def _open(self) -> None:
        self._connection = await self._connect()
        try:
            await self._send(self._conversation.hello())
            while not self._conversation.live:
                await self._step()
        except BaseException:
            self._connection.transport.abort()
            raise

    async def _connect(self) -> ClientConnection:
        try:
            return await _Connect(
                "ws" + self.url.removeprefix("http") + "/sdk/v1/stream",
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,  # 64 KiB a connection at the server, for frames of 150 bytes
                max_size=MAX_FRAME,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,  # heartbeats tell more: that the server has state, and which
                logger=_websocket_log,
            )
        except InvalidStatus as error:
            response = error.response
            raise of_status(
                response.status_code, response.headers.get("Retry-After"), over_websocket=True
            ) from error
        except InvalidMessage as error:  # it hung up, or speaks no HTTP
            raise Unreachable(f"no answer to the handshake: {error}") from error
        except InvalidHandshake as error:
            raise Blocked(f"the websocket handshake failed: {error}") from error
        except (OSError, WebSocketException, ValueError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    async def _deliver(self) -> None:
        assert self._connection is not None
        try:
            while True:
                await self._step()
                self._look_out_for_goodbye()
        except Exception:
            self._connection.transport.abort()
            raise

    async def _step(self) -> None:
        """One frame, or a silence. Raises: Failure."""
        assert self._connection is not None
        try:
            async with asyncio.timeout_at(self._conversation.deadline):
                data = await self._connection.recv(decode=False)
        except TimeoutError:
            self._notice_silence()
            return
        except ConnectionClosed as error:
            raise _of_close(error) from error
        self._heard = True
        try:
            answers = self._conversation.hear(data)
        except Left as left:
            raise Unreachable(str(left)) from left
        for answer in answers:
            await self._send(answer)

    def _notice_silence(self) -> None:
        try:
            self._conversation.tick()
        except Left as left:
            raise Unreachable(str(left)) from left

    def _look_out_for_goodbye(self) -> None:
        move = self._conversation.move
        if move is not None and not self.over.is_set():
            self.spread_s = move.spread_ms / 1000
            self.over.set()

    async def _send(self, data: bytes) -> None:
        assert self._connection is not None
        try:
            await self._connection.send(data, text=True)
        except ConnectionClosed as error:
            raise _of_close(error) from error


def _of_close(error: ConnectionClosed) -> Failure:
    if error.rcvd is None:
        return Unreachable("the connection was cut")
    code, reason = error.rcvd.code, error.rcvd.reason
    text = f"the server closed the stream with {code}{reason and f' ({reason})'}"
    return Refused(text) if code in _TOKEN_REFUSED else Unreachable(text)
