"""A server that cannot start says why in one line and leaves nothing behind; TLS is one setting."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.integration.server.inside import ADMIN, ENVIRONMENT, bearer
from tests.redis_servers import free_port

from flaghoist import Client
from flaghoist_server.serve import Server, ServerError
from flaghoist_server.settings import Settings

PEM = str(Path(__file__).with_name("localhost.pem"))

REFUSED = {
    "no such name": ({"host": "no.such.host.invalid"}, "cannot listen at 'no.such.host.invalid'"),
    "not ours": ({"host": "192.0.2.1"}, "cannot assign requested address; .* with --host"),
    "no certificate": ({"tls_certificate": "/nowhere", "tls_key": PEM}, "TLS certificate and key"),
    "no key": ({"tls_certificate": PEM, "tls_key": __file__}, "TLS certificate and key"),
}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


async def test_a_port_that_is_taken_is_named_with_the_way_out(taken: int) -> None:
    """Before the store is touched."""
    store = "sqlite:////nowhere/is/this.db"
    server = Server(Settings(port=taken, store=store))

    with pytest.raises(ServerError, match=f":{taken}: address already in use; .* with --port"):
        await server.start()


@pytest.mark.parametrize(("settings", "said"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_served_is_said_and_the_port_is_free_again(
    settings: dict[str, str], said: str
) -> None:
    """Nothing is half started, and nobody waits for ever."""
    port = free_port()
    server = Server(Settings(port=port, store="memory://", **settings))

    with pytest.raises(ServerError, match=said):
        async with asyncio.timeout(10):
            await server.start()

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


async def test_a_server_that_speaks_tls_serves_operators_and_sdks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stream too, and with a receipt."""
    monkeypatch.setenv("SSL_CERT_FILE", PEM)
    settings = Settings(
        port=0, store="memory://", admin_token=ADMIN, drain_seconds=0,
        tls_certificate=PEM, tls_key=PEM,
    )  # fmt: skip
    async with (
        Server(settings) as server,
        httpx.AsyncClient(base_url=server.url, headers=bearer(ADMIN)) as admin,
    ):
        await admin.post("/api/v1/environments", json={"name": ENVIRONMENT})
        flag = {"type": "boolean", "environments": {ENVIRONMENT: {"default": "on"}}}
        await admin.post("/api/v1/apply", json={"file": {"flaghoist": 1, "flags": {"f": flag}}})
        asked = {"role": "sdk", "environment": ENVIRONMENT}
        token = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]
        client = Client(url=server.url, token=token)
        assert await asyncio.to_thread(client.wait_until_ready, 10)

        off = {"command": "off", "key": "f"}
        path = f"/api/v1/environments/{ENVIRONMENT}/changes?wait=10"
        told = (await admin.post(path, json=off)).json()
        status = client.status
        client.close()

    assert server.url.startswith("https://")
    assert (1, 1) == (told["connected"], told["applied"])
    assert ("websocket", 3) == (status.transport, status.version)
