"""A hub over a real feed on a store in memory, and SDKs whose bytes go by hand: no socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from flaghoist.model.flagfile import parse_flag_document
from flaghoist.protocol.codec import encode_ack
from flaghoist_server.change.commands import Apply, Author, Ramp
from flaghoist_server.feed.clock import new_epoch, utc_now
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.writer import Writer
from flaghoist_server.fleet.fleet import Fleet
from flaghoist_server.hub.admission import Pass, Refused
from flaghoist_server.hub.hub import Hub
from flaghoist_server.hub.limits import StreamLimits
from flaghoist_server.hub.stream import StreamProtocol
from flaghoist_server.store.memory import MemoryStore

ENVIRONMENT = "production"
TOKEN = "good"


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Doorkeeper:
    """One token is good, until it is revoked; others are known elsewhere, until they are asked for."""

    def __init__(self) -> None:
        self.good = {TOKEN}
        self.elsewhere: set[str] = set()
        self.environment = ENVIRONMENT

    def stream_pass(self, authorization: str) -> Pass:
        token = authorization.removeprefix("Bearer ")
        if token not in self.good:
            raise Refused(401, "no valid token")
        return Pass(token, self.environment)

    async def stranger(self, authorization: str) -> None:
        self.good |= self.elsewhere & {authorization.removeprefix("Bearer ")}

    def holds(self, token: str) -> bool:
        return token in self.good


class Wire:
    """A transport that keeps what is written until the peer reads it."""

    def __init__(self) -> None:
        self.out = b""
        self.closed = False
        self.aborted = False
        self.reading = True
        self.buffered = 0
        self.protocol: StreamProtocol | None = None

    def write(self, data: bytes) -> None:
        assert not self.closed, "nothing is written to a closed transport"
        self.out += data

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            assert self.protocol is not None
            self.protocol.connection_lost(None)

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return self.buffered


class Sdk:
    """An SDK that speaks real websocket frames over a `Wire`."""

    def __init__(self, hub: Hub, instance: str = "i-1") -> None:
        self.instance = instance
        self.wire = Wire()
        self.stream = self.wire.protocol = StreamProtocol(hub)
        self.stream.connection_made(self.wire)  # type: ignore[arg-type]
        self.conn = ClientProtocol(parse_uri("ws://flags.test/sdk/v1/stream"), max_size=None)
        self.response: Response | None = None
        self.frames: list[Frame] = []

    def connect(self, token: str = TOKEN, **headers: str) -> Response:
        """Ask for the stream; the server's answer."""
        self.ask(token, **headers)
        assert self.response is not None
        return self.response

    async def connect_as_stranger(self, token: str) -> Response:
        """As `connect`, with a token that the server looks for first."""
        self.ask(token)
        for _ in range(10):
            await asyncio.sleep(0)
        self.read()
        assert self.response is not None
        return self.response

    def ask(self, token: str, **headers: str) -> None:
        """Send the request."""
        request = self.conn.connect()
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        for name, value in headers.items():
            request.headers.pop(name.replace("_", "-"), None)
            request.headers[name.replace("_", "-")] = value
        self.conn.send_request(request)
        self.flush()

    def hello(self, epoch: str = "", version: int = 0, **more: Any) -> dict[str, Any]:
        """Say hello; the first message that comes back."""
        self.say(type="hello", instance=self.instance, epoch=epoch, version=version, **more)
        return self.heard()[-1]

    def say(self, **message: Any) -> None:
        self.conn.send_text(json.dumps(message).encode())
        self.flush()

    def acknowledge(self, epoch: str, version: int) -> None:
        self.conn.send_text(encode_ack(epoch, version))
        self.flush()

    def flush(self) -> None:
        """Move what the SDK has to send, then what the server has written."""
        data = b"".join(self.conn.data_to_send())
        if data and not self.wire.closed:
            self.stream.data_received(data)
        self.read()

    def read(self) -> None:
        """Take what the server has written, and answer pings as a library does."""
        data, self.wire.out = self.wire.out, b""
        if data:
            self.conn.receive_data(data)
        for event in self.conn.events_received():
            if isinstance(event, Frame):
                self.frames.append(event)
            else:
                assert isinstance(event, Response)
                self.response = event
        reply = b"".join(self.conn.data_to_send())
        if reply and not self.wire.closed:
            self.stream.data_received(reply)

    def heard(self) -> list[dict[str, Any]]:
        """The messages since this was asked last."""
        self.read()
        frames, self.frames = self.frames, []
        return [json.loads(frame.data) for frame in frames if frame.opcode is Opcode.TEXT]

    @property
    def close_code(self) -> int | None:
        self.read()
        return self.conn.close_rcvd.code if self.conn.close_rcvd else None

    def lose(self) -> None:
        """The network is gone."""
        self.wire.close()


class Place:
    """The hub and what is around it."""

    def __init__(self, limits: StreamLimits) -> None:
        self.clock = Clock()
        self.store = MemoryStore("memory://")
        self.feed = Feed(self.store, now=utc_now, new_epoch=new_epoch)
        self.writer = Writer(self.store, self.feed)
        self.fleet = Fleet("replica", self.clock)
        self.doorkeeper = Doorkeeper()
        self.hub = Hub(self.feed, self.fleet, self.doorkeeper, limits, self.clock)

    async def begin(self) -> None:
        await self.feed.start()
        await self.hub.start()
        self.hub.admission.closed = ""
        author = Author("test", utc_now())
        assert await self.writer.create(ENVIRONMENT, author)
        behaviour = {"default": {"on": 0, "off": 100}}
        flags = {"checkout": {"environments": {ENVIRONMENT: behaviour}}}
        file = parse_flag_document({"flaghoist": 1, "flags": flags})
        await self.writer.submit(Apply(file), None, "test")

    async def flip(self, percent: float) -> int:
        """Ramp the flag; the version that this makes."""
        outcome = await self.writer.submit(Ramp("checkout", percent), ENVIRONMENT, "test")
        return outcome.version

    @property
    def position(self) -> tuple[str, int]:
        head = self.feed.environments[ENVIRONMENT].head
        return head.epoch, head.version

    @property
    def roster(self) -> Any:
        return self.fleet.groups[ENVIRONMENT].roster

    def sdk(self, instance: str = "i-1") -> Sdk:
        """An SDK that has connected, said hello and acknowledged what it got."""
        sdk = Sdk(self.hub, instance)
        sdk.connect()
        got = sdk.hello()
        sdk.acknowledge(got["epoch"], got["version"])
        return sdk


@pytest.fixture
def limits() -> StreamLimits:
    return StreamLimits(beat_seconds=3600)  # the wheel is turned by hand, if at all


@pytest.fixture
async def place(limits: StreamLimits) -> AsyncIterator[Place]:
    place = Place(limits)
    await place.begin()
    yield place
    await place.hub.close()
    await place.feed.close()
