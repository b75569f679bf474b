"""One flip to thousands of acknowledging connections, ours beside raw asyncio, in one run.

    python benchmarks/fanout.py [--connections 2000] [--flips 20] [--json FILE]

Two servers in processes of their own, and this process with the connections to both:

    raw     asyncio and uvloop, a line of 150 bytes out, a line of 70 back, no websocket library:
            what the machine can do
    ours    a whole Flaghoist server on SQLite: handshake, token, hello, a delta out, an ack back

They are flipped in turn, so that whatever else the machine does hits both. Times are of the clock
that all processes of a machine share. *last has it* is from the moment at which the server begins
to tell (for ours: the change is committed) until the last connection has read it; *receipt* is
until the server has the last acknowledgement; *from the request* is the whole of it as an operator
sees it: HTTP request, decision, durable commit, push, until the last connection has it. *work of
the server* is its CPU time for one flip, all of the above included: the figure that other programs
on the machine disturb least.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import httpx
import psutil
import uvloop

ADMIN = "an admin token for a benchmark"
FRAME_BYTES = 150
MASK = b"\x21\x43\x65\x87"
TARGETS = {"last": 1.5, "receipt": 2.0, "bytes": 10_240}


def masked(payload: bytes, first: int = 0x81) -> bytes:
    """A short client frame, made by hand: the benchmark pays for no library either."""
    body = bytes(byte ^ MASK[index % 4] for index, byte in enumerate(payload))
    return bytes([first, 0x80 | len(payload)]) + MASK + body


# The raw server: a child that flips when it reads a line, and tells when it began and ended.


class RawConnection(asyncio.Protocol):
    connections: ClassVar[set[RawConnection]] = set()
    expected = b""
    missing = 0
    done: Callable[[], None] = staticmethod(lambda: None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if data == RawConnection.expected:
            RawConnection.missing -= 1
            if not RawConnection.missing:
                RawConnection.done()


async def serve_raw() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(RawConnection, "127.0.0.1", 0, backlog=4096)
    say(port=server.sockets[0].getsockname()[1])
    async for line in lines():
        number = int(line)
        done = asyncio.Event()
        RawConnection.done = done.set
        RawConnection.expected = b'{"ack":%058d}\n' % number
        RawConnection.missing = len(RawConnection.connections)
        frame = (b'{"flip":%d' % number).ljust(FRAME_BYTES - 2) + b"}\n"
        began = time.monotonic()
        for connection in RawConnection.connections:
            connection.transport.write(frame)
        await done.wait()
        say(began=began, ended=time.monotonic(), worked=time.process_time())


# Our server: an ordinary one, with a look at when it learned of a change.


async def serve_ours() -> None:
    from flaghoist_server.serve import Server
    from flaghoist_server.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            port=0, store=f"sqlite:///{folder}/flags.db", admin_token=ADMIN, drain_seconds=0
        )
        server = Server(settings)
        learned: list[float] = []
        server.services.feed.listen(lambda *_: learned.append(time.monotonic()))
        async with server:
            gc.collect()
            gc.freeze()
            say(port=server.port)
            async for _ in lines():
                live = server.services.feed.environments["production"]
                roster = server.services.fleet.groups["production"].roster
                receipt = roster.receipt(live.head.version)
                assert receipt is not None
                done = asyncio.Event()
                receipt.when_done(done.set)
                await done.wait()
                told = {"applied": receipt.applied, "worked": time.process_time()}
                say(began=learned[-1], ended=receipt.done_at, **told)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def lines() -> Any:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        yield line


# The connections.


@dataclass
class Arrivals:
    """Who has got the present flip, and when the last one did."""

    expected: int
    count: int = 0
    last: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def one(self) -> None:
        self.count += 1
        if self.count == self.expected:
            self.last = time.monotonic()
            self.done.set()

    def again(self) -> None:
        self.count = 0
        self.done.clear()


class RawPeer(asyncio.Protocol):
    """Acknowledges what it knows by heart, as `OurPeer` does: both sides pay the same for peers."""

    acks: ClassVar[dict[bytes, bytes]] = {}

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        ack = RawPeer.acks.get(data)
        if ack is None:
            number = int(data[8 : data.index(b" ")])
            RawPeer.acks = {data: b'{"ack":%058d}\n' % number}
            ack = RawPeer.acks[data]
        self.transport.write(ack)
        self.arrivals.one()


class OurPeer(asyncio.Protocol):
    """Says hello, acknowledges what has a version, answers pings. Frames that come are small."""

    acks: ClassVar[dict[bytes, bytes]] = {}

    def __init__(self, arrivals: Arrivals, request: bytes, hello: bytes, ready: Any) -> None:
        self.arrivals = arrivals
        self.request = request
        self.hello = hello
        self.ready = ready
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self.ready is not None and not self.ready.done():
            self._opening(data)
            return
        ack = OurPeer.acks.get(data)
        if ack is not None:
            self.transport.write(ack)
            self.arrivals.one()
        else:
            self._frames(data)

    def _opening(self, data: bytes) -> None:
        self.rest += data
        head, end, rest = self.rest.partition(b"\r\n\r\n")
        if end and self.hello:
            assert b" 101 " in head, head
            self.transport.write(self.hello)
            self.hello = b""
        if end and len(rest) > 4:
            start = 4 if rest[1] == 126 else 2
            length = int.from_bytes(rest[2:4], "big") if start == 4 else rest[1]
            if len(rest) >= start + length:  # a heartbeat may come in the same segment
                self.transport.write(ack_of(json.loads(rest[start : start + length])))
                self.rest = b""
                self.ready.set_result(None)
                self._frames(rest[start + length :])

    def _frames(self, data: bytes) -> None:
        while data:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            frame, data = data[: start + length], data[start + length :]
            if frame[0] == 0x89:
                self.transport.write(masked(b"", 0x8A))
            elif b'"delta"' in frame:
                OurPeer.acks = {frame: ack_of(json.loads(frame[start:]))}
                self.transport.write(OurPeer.acks[frame])
                self.arrivals.one()


def ack_of(message: dict[str, Any]) -> bytes:
    ack = {"type": "ack", "epoch": message["epoch"], "version": message["version"]}
    return masked(json.dumps(ack, separators=(",", ":")).encode())


@dataclass
class Child:
    process: asyncio.subprocess.Process
    port: int

    @classmethod
    async def start(cls, role: str) -> Child:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--role", role, stdin=-1, stdout=-1
        )
        assert process.stdout is not None
        return cls(process, json.loads(await process.stdout.readline())["port"])

    @property
    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    def tell(self, number: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"%d\n" % number)

    async def told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(await self.process.stdout.readline())

    async def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()


async def connect(count: int, port: int, make: Callable[[int], asyncio.Protocol]) -> float:
    """Open all connections, from several addresses so that no range of ports is exhausted."""
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    for start in range(0, count, 200):
        await asyncio.gather(
            *(
                loop.create_connection(
                    lambda number=number: make(number),
                    "127.0.0.1",
                    port,
                    local_addr=(f"127.0.0.{2 + number % 4}", 0),
                )
                for number in range(start, min(start + 200, count))
            )
        )
    return time.monotonic() - began


@dataclass
class Side:
    """One server's measurements, in milliseconds."""

    last: list[float] = field(default_factory=list)
    receipt: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    bytes_each: float = 0.0
    connect_seconds: float = 0.0

    def summary(self) -> dict[str, float]:
        return {
            "last_ms": statistics.median(self.last),
            "last_p99_ms": percentile(self.last, 99),
            "receipt_ms": statistics.median(self.receipt),
            "request_ms": statistics.median(self.request) if self.request else 0.0,
            "work_ms": (self.worked[-1] - self.worked[0]) / (len(self.worked) - 1) * 1000,
            "bytes_each": self.bytes_each,
            "connect_seconds": self.connect_seconds,
        }


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


async def raw_side(count: int) -> tuple[Child, Side, Callable[[int], Awaitable[None]]]:
    child, side, arrivals = await Child.start("raw"), Side(), Arrivals(count)
    before = child.memory
    side.connect_seconds = await connect(count, child.port, lambda _: RawPeer(arrivals))
    side.bytes_each = (child.memory - before) / count

    async def flip(number: int) -> None:
        arrivals.again()
        child.tell(number)
        await arrivals.done.wait()
        told = await child.told()
        side.last.append((arrivals.last - told["began"]) * 1000)
        side.receipt.append((told["ended"] - told["began"]) * 1000)
        side.worked.append(told["worked"])

    return child, side, flip


async def our_side(count: int) -> tuple[Child, Side, Callable[[int], Awaitable[None]]]:
    child, side, arrivals = await Child.start("ours"), Side(), Arrivals(count)
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{child.port}/api/v1",
        headers={"Authorization": f"Bearer {ADMIN}"},
        timeout=60,
    )
    token = await prepare(client)
    request = (
        "GET /sdk/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    ready = [loop.create_future() for _ in range(count)]

    def peer(number: int) -> OurPeer:
        hello = masked(b'{"type":"hello","instance":"bench-%d","app":"bench"}' % number)
        return OurPeer(arrivals, request, hello, ready[number])

    before = child.memory
    began = time.monotonic()
    await connect(count, child.port, peer)
    await asyncio.gather(*ready)
    side.connect_seconds = time.monotonic() - began
    await asyncio.sleep(1)
    side.bytes_each = (child.memory - before) / count

    async def flip(number: int) -> None:
        arrivals.again()
        asked = time.monotonic()
        body = {"command": "ramp", "key": "checkout", "percent": 1 + number % 50}
        answer = await client.post("/environments/production/changes", json=body)
        answer.raise_for_status()
        await arrivals.done.wait()
        child.tell(number)
        told = await child.told()
        assert told["applied"] == count, told
        side.last.append((arrivals.last - told["began"]) * 1000)
        side.receipt.append((told["ended"] - told["began"]) * 1000)
        side.worked.append(told["worked"])
        side.request.append((arrivals.last - asked) * 1000)

    return child, side, flip


async def prepare(client: httpx.AsyncClient) -> str:
    """An environment with one flag, and a token for its SDKs."""
    (await client.post("/environments", json={"name": "production"})).raise_for_status()
    flag = {"type": "boolean", "environments": {"production": {"default": {"on": 99, "off": 1}}}}
    document = {"flaghoist": 1, "flags": {"checkout": flag}}
    (await client.post("/apply", json={"file": document})).raise_for_status()
    asked = {"role": "sdk", "environment": "production"}
    answer = await client.post("/tokens", json=asked)
    return str(answer.json()["token"])


async def measure(count: int, flips: int) -> dict[str, Any]:
    raw_child, raw, flip_raw = await raw_side(count)
    our_child, ours, flip_ours = await our_side(count)
    gc.collect()
    gc.disable()
    for number in range(1, 4):  # neither is measured on its first steps
        await flip_raw(number)
        await flip_ours(number)
    for side in (raw, ours):
        side.last.clear(), side.receipt.clear(), side.request.clear(), side.worked.clear()
    for number in range(4, 4 + flips):
        await flip_raw(number)
        await flip_ours(number)
    await raw_child.stop()
    await our_child.stop()
    return {"connections": count, "flips": flips, "raw": raw.summary(), "ours": ours.summary()}


def report(result: dict[str, Any]) -> bool:
    raw, ours = result["raw"], result["ours"]
    result["ratio_last"] = ours["last_ms"] / raw["last_ms"]
    result["ratio_receipt"] = ours["receipt_ms"] / raw["receipt_ms"]
    rows = [
        ("last connection has it, median", "last_ms", "{:.1f} ms"),
        ("the same, 99th percentile", "last_p99_ms", "{:.1f} ms"),
        ("receipt of all, median", "receipt_ms", "{:.1f} ms"),
        ("from the request to the last, median", "request_ms", "{:.1f} ms"),
        ("work of the server for a flip", "work_ms", "{:.1f} ms"),
        ("memory a connection", "bytes_each", "{:,.0f} B"),
        ("all connected in", "connect_seconds", "{:.2f} s"),
    ]
    print(f"{result['connections']} connections, {result['flips']} flips of each, in turn\n")
    print(f"{'':40}{'raw':>12}{'ours':>12}{'ratio':>8}")
    for text, name, form in rows:
        ratio = f"{ours[name] / raw[name]:.2f}" if raw[name] else ""
        shown = form.format(raw[name]) if raw[name] else "-"
        print(f"{text:40}{shown:>12}{form.format(ours[name]):>12}{ratio:>8}")
    held = {
        "last": result["ratio_last"] <= TARGETS["last"],
        "receipt": result["ratio_receipt"] <= TARGETS["receipt"],
        "bytes": ours["bytes_each"] <= TARGETS["bytes"],
    }
    result["held"] = held
    print(
        f"\nlast ≤ {TARGETS['last']} × raw: {held['last']}; "
        f"receipt ≤ {TARGETS['receipt']} × raw: {held['receipt']}; "
        f"memory ≤ 10 KB: {held['bytes']}"
    )
    return all(held.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--flips", type=int, default=20)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--role", choices=["raw", "ours"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.role:
        uvloop.run(serve_raw() if options.role == "raw" else serve_ours())
        return 0
    if hard < 2 * options.connections + 100:
        print(
            f"{hard} open files are allowed, {2 * options.connections + 100} are needed: ulimit -n"
        )
        return 2
    result = uvloop.run(measure(options.connections, options.flips))
    held = report(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", "")
    sys.exit(main())
