"""A small world for the model: servers, SDKs and the lines between them, on one store.

Everything but the sockets is the real thing: store, feed, writer and hub of a server; websocket
frames; session and snapshot of an SDK. What the network would do is done by hand: a frame arrives
when, and as often as, somebody delivers it.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

from tests.chaos.model_stores import Shelf
from tests.logs import AT
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from flaghoist.link.conversation import Conversation, Left
from flaghoist.link.engine import Engine
from flaghoist.link.holding import Holding
from flaghoist.link.settings import Settings
from flaghoist.snapshot import Snapshot
from flaghoist_server.change.change import Change
from flaghoist_server.change.state import State
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.writer import Writer
from flaghoist_server.fleet.fleet import Fleet
from flaghoist_server.hub.admission import Pass
from flaghoist_server.hub.hub import Hub
from flaghoist_server.hub.limits import StreamLimits
from flaghoist_server.hub.stream import Phase, StreamProtocol
from flaghoist_server.store.port import Store, StoreError

__all__ = ["Line", "Sdk", "Server", "whole_log"]

_LIMITS = StreamLimits(beat_seconds=1e9, slice=1)
"""Nothing happens by itself, and a change goes to one stream at a time."""


class Sdk:
    """What an application's SDK holds, and its streams: more than one while it moves."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.holding = Holding(Engine(), Settings())
        self.lines: list[Line] = []
        self.went_back: list[str] = []
        """Versions that became older inside an epoch: there must be none."""

    @property
    def snapshot(self) -> Snapshot:
        return self.holding.snapshot

    @property
    def position(self) -> tuple[str, int]:
        return self.snapshot.epoch, self.snapshot.version

    async def connect(self, server: Server) -> None:
        """Open one more stream, if the server lets it in."""
        if self.environment in server.feed.environments:
            self.lines.append(Line(self, server))

    def hear(self, conversation: Conversation, message: bytes) -> list[bytes]:
        before = self.position
        try:
            return conversation.hear(message)
        finally:
            if before[0] == self.position[0] and self.position[1] < before[1]:
                self.went_back.append(f"{before} -> {self.position}")


class Line:
    """One stream of an SDK to a server: the transport of the one, the socket of the other."""

    def __init__(self, sdk: Sdk, server: Server) -> None:
        self.open = True
        self.arriving: list[bytes] = []
        """Messages of the server that are under way, oldest first."""
        self._sdk = sdk
        self._conversation = Conversation(sdk.holding)
        self._client = ClientProtocol(parse_uri("ws://flags.test/sdk/v1/stream"), max_size=None)
        self._stream = StreamProtocol(server.hub)
        self._stream.connection_made(self)  # type: ignore[arg-type]  # as much of a transport as is used
        request = self._client.connect()
        request.headers["Authorization"] = f"Bearer {sdk.environment}"
        self._client.send_request(request)
        self._flush()
        self._say(self._conversation.hello())

    # For the schedule.

    def deliver(self, index: int = 0, *, again: bool = False) -> None:
        """Let one message arrive; `again`: a copy of it is still under way."""
        if not self.arriving:
            return
        index %= len(self.arriving)
        message = self.arriving[index] if again else self.arriving.pop(index)
        try:
            answers = self._sdk.hear(self._conversation, message)
        except Left:
            self.cut()
            return
        for answer in answers:
            self._say(answer)

    def cut(self) -> None:
        """Lose everything that is under way, and the connection."""
        self.arriving.clear()
        self.abort()
        if self in self._sdk.lines:
            self._sdk.lines.remove(self)

    def stall(self, *, on: bool) -> None:
        """Take nothing any more, or everything again."""
        if self.open and on != self._stream.blocked:
            self._stream.pause_writing() if on else self._stream.resume_writing()

    def _say(self, message: bytes) -> None:
        self._client.send_text(message)
        self._flush()

    def _flush(self) -> None:
        data = b"".join(self._client.data_to_send())
        if data and self.open:
            self._stream.data_received(data)

    # The server's transport.

    def write(self, data: bytes) -> None:
        self._client.receive_data(data)
        for event in self._client.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.arriving.append(bytes(event.data))

    def close(self) -> None:
        if self.open:
            self.open = False
            self._stream.connection_lost(None)

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0


class _Memo:
    """A mirror that outlives a restart without a disk."""

    holds = True

    def __init__(self) -> None:
        self._states: dict[str, State] = {}

    async def load(self) -> list[State]:
        return list(self._states.values())

    def save(self, state: State) -> None:
        self._states[state.head.environment] = state

    async def close(self) -> None:
        """Everything is written already."""


class _Doorkeeper:
    """A token is the name of its environment."""

    def stream_pass(self, authorization: str) -> Pass:
        token = authorization.removeprefix("Bearer ")
        return Pass(token, token)

    async def stranger(self, authorization: str) -> None:
        """There is no other replica."""

    def holds(self, token: str) -> bool:  # noqa: ARG002  # every one
        return True


class Server:
    """A server without its API, which can be restarted; it looks at the store when it is told."""

    def __init__(self, shelf: Shelf, new_epoch: Callable[[], str]) -> None:
        self._shelf = shelf
        self._new_epoch = new_epoch
        self._memo = _Memo()

    async def start(self) -> None:
        """Serve what the store has, or what the mirror had."""
        self.store = self._shelf.open()
        self.feed = Feed(
            self.store, 1e9, now=lambda: AT, new_epoch=self._new_epoch, mirror=self._memo  # type: ignore[arg-type]
        )  # fmt: skip
        self.writer = Writer(self.store, self.feed, lambda: AT, self._new_epoch)
        ticks = itertools.count()
        clock = lambda: float(next(ticks))  # noqa: E731
        self.hub = Hub(self.feed, Fleet("r", clock), _Doorkeeper(), _LIMITS, clock)
        await self.hub.start()
        self.hub.admission.closed = ""
        await self.feed.start()

    async def stop(self) -> None:
        """Drop every stream and forget everything but the mirror."""
        await self.hub.close()
        await self.feed.close()
        await self.store.close()

    async def look(self) -> None:
        """Follow the store, as the poll does once a second."""
        with contextlib.suppress(StoreError):
            await self.feed.look()

    def beat(self) -> None:
        """Say to every stream where it should stand."""
        for stream in self.hub.live_streams():
            if stream.phase is Phase.LIVE:
                stream.beat()


async def whole_log(store: Store, environment: str) -> list[Change]:
    """Every entry, oldest first."""
    log: list[Change] = []
    while page := await store.read(environment, log[-1].version if log else 0):
        log += page
    return log
