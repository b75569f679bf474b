"""A service manager is told when flags are served, and when that ends."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

import pytest

from flaghoist_server.serve.notify import READY, STOPPING, notify


@pytest.fixture(params=["in a folder", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "s") if request.param == "in a folder" else f"@{secrets.token_hex(8)}"


def test_each_word_is_a_datagram(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """At the address that the manager has put into the environment, in either of its forms."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0", 1))

        notify(READY)
        notify(STOPPING)

        assert [b"READY=1", b"STOPPING=1"] == [manager.recv(100), manager.recv(100)]


@pytest.mark.parametrize("nobody", ["", "/nowhere/is/this", "vsock:1:2"])
def test_without_a_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch, nobody: str) -> None:
    """A server runs without one just as well."""
    monkeypatch.setenv("NOTIFY_SOCKET", nobody)

    notify(READY)
