"""Every input has an end: what is beyond it is refused in words, and costs next to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest
from tests.integration.server.inside import ADMIN, ENVIRONMENT, bearer, serving

from flaghoist.protocol.messages import Hello
from flaghoist_server.hub.limits import StreamLimits

CHANGES = f"/api/v1/environments/{ENVIRONMENT}/changes"
MEBIBYTE = 1024 * 1024
UPGRADE = (
    b"GET /sdk/v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def nested(depth: int) -> bytes:
    return b'{"file":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "a byte more than a mebibyte": (b" " * (MEBIBYTE + 1), 413, "too-large"),
    "beyond what can be parsed": (nested(200_000)[:MEBIBYTE], 400, "too-deep"),
    "deep": (nested(5_000), 400, "too-deep"),
    "no UTF-8": (b"\xff\xfe{}", 400, "malformed"),
    "not a number": (b'{"file": NaN}', 400, "malformed"),
    "something behind": (b'{"file": {}}x', 400, "malformed"),
    "nothing": (b"", 400, "malformed"),
}

BIG_FLAGS: dict[str, dict[str, Any]] = {
    "description": {"description": "x" * 70_000},
    "variant": {"variants": {"on": True, "off": False, "x" * 500: True}},
    "rules": {"environments": {ENVIRONMENT: {"rules": [{"serve": "on"}] * 101, "default": "on"}}},
}


async def test_a_body_that_is_too_much_or_no_json_is_refused() -> None:
    """As a problem that says which of both."""
    async with serving() as (_, admin):
        for name, (body, status, kind) in BAD_BODIES.items():
            answer = await admin.post("/api/v1/apply", content=body)

            told = (answer.status_code, answer.json()["type"])
            assert (status, f"/problems/{kind}") == told, name


async def test_a_body_without_a_length_is_bounded_all_the_same() -> None:
    """It is counted while it comes; the rest is not read."""

    async def endless() -> Any:
        for _ in range(64):
            yield b" " * 65_536

    async with serving() as (_, admin):
        answer = await admin.post("/api/v1/apply", content=endless())

        assert 413 == answer.status_code


async def test_a_flag_beyond_its_limits_is_refused_at_the_door() -> None:
    """What an SDK would not load is not accepted."""
    async with serving() as (_, admin):
        for name, flag in BIG_FLAGS.items():
            whole = {"type": "boolean", "environments": {ENVIRONMENT: {"default": "on"}}} | flag
            file = {"flaghoist": 1, "flags": {"big": whole}}
            answer = await admin.post("/api/v1/apply", json={"file": file})

            assert (422, True) == (answer.status_code, bool(answer.json()["problems"])), name


async def test_a_caller_is_slowed_down_alone() -> None:
    """Past its share it is told when to come again; others notice nothing."""
    async with serving("checkout", requests_per_second=1.0, request_burst=20) as (_, admin):
        asked = {"role": "viewer", "environment": ENVIRONMENT}
        other = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]

        answers = [await admin.get("/api/v1/whoami") for _ in range(30)]
        theirs = await admin.get("/api/v1/whoami", headers=bearer(other))

        refused = [answer for answer in answers if answer.status_code == 429]
        assert 10 <= len(refused) < 20
        assert int(refused[0].headers["retry-after"]) >= 1
        assert "too many requests with this token" == refused[0].json()["detail"]
        assert 200 == theirs.status_code


async def test_guessing_tokens_is_slowed_down_and_shuts_nobody_out() -> None:
    """Those from the same address that have a good token are not asked for the guesser's sake."""
    async with serving(failures_per_second=0.1, failure_burst=5) as (_, admin):
        guesses = [
            (await admin.get("/api/v1/whoami", headers=bearer(f"guess-{n}"))).status_code
            for n in range(8)
        ]

        assert [401] * 5 + [429] * 3 == guesses
        assert 200 == (await admin.get("/api/v1/whoami")).status_code


async def test_headers_without_end_and_headers_that_never_end_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither memory nor a connection is held by somebody who does not come to the point."""
    monkeypatch.setattr("flaghoist_server.api.http.HEAD_SECONDS", 0.3)
    async with serving() as (server, _):
        mute = await talk(server.port, b"")
        slow = await talk(server.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        long = await talk(server.port, b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 20_000)
        fine = await talk(server.port, b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")

    assert (b"", b"", b"") == (mute, slow, long)
    assert fine.startswith(b"HTTP/1.1 200 OK")


async def test_a_body_that_never_ends_is_cut_and_a_slow_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time for a body is its own: what the head took of its time is not counted."""
    monkeypatch.setattr("flaghoist_server.api.http.BODY_SECONDS", 0.5)
    body = b'{"command":"on","key":"checkout"}'
    head = (
        f"POST {CHANGES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    async with serving("checkout") as (server, _):
        never = await talk(server.port, head + body[:5])
        slowly = await talk(server.port, head[:9], head[9:] + body[:5], body[5:], pause_s=0.3)

    assert b"" == never
    assert slowly.startswith(b"HTTP/1.1 200 OK")


async def test_whoever_asks_for_much_and_reads_nothing_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow reader is not."""
    monkeypatch.setattr("flaghoist_server.api.http.STALLED_SECONDS", 1.0)
    async with serving() as (server, admin):
        for number in range(12):
            big = {f"text-{number}-{each}": text_flag(60_000) for each in range(15)}
            answer = await admin.post(
                "/api/v1/apply", json={"file": {"flaghoist": 1, "flags": big}}
            )
            assert answer.is_success, answer.text
        whole = len((await admin.get("/api/v1/export")).content)

        async with asking_for(server.port, "/api/v1/export") as slow:
            taken = await read_all(slow, pause_s=0.005)
        async with asking_for(server.port, "/api/v1/export") as deaf:
            await until_a_file_is_closed()
            left = await read_all(deaf)

    assert left < whole < taken


async def test_a_packed_body_is_refused() -> None:
    """A bound on its bytes would be none on what they unpack to."""
    async with serving() as (_, admin):
        packed = gzip.compress(b'{"file": {"flaghoist": 1, "flags": {}}}')
        answer = await admin.post(
            "/api/v1/apply", content=packed, headers={"Content-Encoding": "gzip"}
        )

        told = (answer.status_code, answer.json()["type"])
        assert (415, "/problems/unsupported-media-type") == told


async def test_a_handshake_that_is_too_long_is_refused() -> None:
    """Eight kibibytes are plenty for a token and what proxies add."""
    async with serving() as (server, _):
        answer = await talk(server.port, UPGRADE + b"Cookie: " + b"c" * 8192 + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_handshakes_come_at_a_bounded_rate() -> None:
    """After an outage thousands come at once: they are told when to come again."""
    slowly = StreamLimits(handshakes_per_second=0.001, handshake_burst=2)
    async with serving(stream=slowly) as (server, admin):
        asked = {"role": "sdk", "environment": ENVIRONMENT}
        token = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]
        authorization = f"Authorization: Bearer {token}\r\n\r\n".encode()

        answers = [await first_line(server.port, UPGRADE + authorization) for _ in range(3)]

    assert [101, 101, 503] == [int(answer.split()[1]) for answer in answers]


async def test_waiting_for_a_receipt_has_an_end() -> None:
    """However long somebody wants to wait: the server's own limit counts."""
    async with serving("checkout", max_wait_seconds=0.2) as (server, admin):
        group = server.services.fleet.groups[ENVIRONMENT]
        group.roster.join(Hello("never acknowledges"), 0)
        body = {"command": "off", "key": "checkout"}
        answer = await admin.post(f"{CHANGES}?wait=1e300", content=json.dumps(body))

        told = answer.json()
        assert (1, 0) == (told["connected"], told["applied"])


async def talk(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Send this, with pauses between the parts, and read until the other end closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for number, part in enumerate(parts):
            await asyncio.sleep(pause_s if number else 0)
            writer.write(part)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def first_line(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    line = await reader.readline()
    writer.close()
    return line


@asynccontextmanager
async def asking_for(port: int, path: str) -> AsyncIterator[socket.socket]:
    """A connection on which this was asked, and nothing was read yet."""
    loop = asyncio.get_running_loop()
    with socket.socket() as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        asking.setblocking(False)
        await loop.sock_connect(asking, ("127.0.0.1", port))
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n"
        await loop.sock_sendall(asking, f"{head}Connection: close\r\n\r\n".encode())
        yield asking


async def read_all(asking: socket.socket, pause_s: float = 0.0) -> int:
    """How much there was to read until the other end closed."""
    loop, taken = asyncio.get_running_loop(), 0
    with contextlib.suppress(ConnectionResetError):
        while part := await loop.sock_recv(asking, 65_536):
            taken += len(part)
            await asyncio.sleep(pause_s)
    return taken


async def until_a_file_is_closed() -> None:
    """The server's end of a connection: both ends are in this process."""
    process, most = psutil.Process(), 0
    async with asyncio.timeout(20):
        while (files := process.num_fds()) >= most:
            most = files
            await asyncio.sleep(0.02)


def text_flag(size: int) -> dict[str, Any]:
    behaviour = {ENVIRONMENT: {"default": "text"}}
    return {"type": "string", "variants": {"text": "x" * size}, "environments": behaviour}
