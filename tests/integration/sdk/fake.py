"""A server that says what a test wants, right or wrong, over real websockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from flaghoist.model.digest import item_hash, state_hash
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Delta, Full

__all__ = ["FakeServer", "delta", "full"]

ON = b'{"type":"boolean","state":"on","default":"on","off_variant":"off"}'
OFF = b'{"type":"boolean","state":"off","default":"on","off_variant":"off"}'


def _hash(on: bool) -> str:
    return state_hash([item_hash("flag", "new-checkout", ON if on else OFF)])


def full(version: int, *, on: bool = True, epoch: str = "e1", digest: str | None = None) -> bytes:
    """Everything at a version: `new-checkout`, on or off."""
    document = msgspec.Raw(ON if on else OFF)
    digest = _hash(on) if digest is None else digest
    return encode(Full("production", epoch, version, digest, {"new-checkout": (version, document)}))


def delta(
    base: int, version: int, *, on: bool = True, epoch: str = "e1", digest: str | None = None
) -> bytes:
    """`new-checkout` as of a version."""
    document = msgspec.Raw(ON if on else OFF)
    digest = _hash(on) if digest is None else digest
    return encode(Delta(epoch, base, version, digest, {"new-checkout": (version, document)}))


class FakeServer:
    """Answers a hello with `greeting`; `send` says something to everyone who is connected.

    `status` refuses handshakes with that HTTP status. `heard` has every message but acks.
    """

    def __init__(self, greeting: bytes | None = None) -> None:
        self.greeting = greeting
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.attempts: list[float] = []
        self.heard: list[dict[str, Any]] = []
        self.acks: list[tuple[str, int]] = []
        self._connections: list[ServerConnection] = []
        self._server = serve(
            self._talk, "127.0.0.1", 0, process_request=self._greet, compression=None
        )
        self.url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def send(self, data: bytes, *, text: bool = True) -> None:
        for connection in list(self._connections):
            connection.send(data, text=text)

    def hang_up(self, code: int = 1000) -> None:
        for connection in list(self._connections):
            connection.close(code)

    def close(self) -> None:
        self._server.shutdown()

    def says(self, kind: str) -> list[dict[str, Any]]:
        """All messages of a type that were heard."""
        return [message for message in self.heard if message["type"] == kind]

    def _greet(self, connection: ServerConnection, _: Request) -> Response | None:
        self.attempts.append(time.monotonic())
        if self.status is None:
            return None
        refusal = connection.respond(self.status, "")
        refusal.headers.update(self.headers)
        return refusal

    def _talk(self, connection: ServerConnection) -> None:
        try:
            self._hear(connection.recv())
            # Before the greeting: once a client is ready, what a test sends has to reach it.
            self._connections.append(connection)
            if self.greeting is not None:
                connection.send(self.greeting, text=True)
            for message in connection:
                self._hear(message)
        except ConnectionClosed:
            pass
        finally:
            if connection in self._connections:
                self._connections.remove(connection)

    def _hear(self, message: str | bytes) -> None:
        said = msgspec.json.decode(message)
        if said["type"] == "ack":
            self.acks.append((said["epoch"], said["version"]))
        else:
            self.heard.append(said)
