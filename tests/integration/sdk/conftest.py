"""A server for many tests, a server of one's own, and clients that are closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.sdk.service import FLAG, Service

from flaghoist import Client


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have set some."""
    import os

    for name in [name for name in os.environ if name.startswith("FLAGHOIST_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def common_service() -> Iterator[Service]:
    service = Service("memory://")
    service.start()
    service.furnish()
    yield service
    service.close()


@pytest.fixture
def service(common_service: Service) -> Service:
    """A server that others use too: it has `FLAG` on. Do not stop it."""
    common_service.change("on")
    return common_service


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A server to stop and start; it keeps its flags on disk."""
    service = Service(f"sqlite:///{tmp_path / 'flags.db'}")
    service.start()
    service.furnish()
    yield service
    service.close()


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    """Make a client of a service: `client_of(service, app="shop")`."""
    made: list[Client] = []

    def make(service: Service, **options: Any) -> Client:
        made.append(Client(**({"url": service.url, "token": service.token} | options)))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def follower(service: Service, client_of: Callable[..., Client]) -> Client:
    """A client of the common server that has its flags."""
    client = client_of(service)
    assert client.wait_until_ready(10)
    assert client.is_enabled(FLAG) is True
    return client
