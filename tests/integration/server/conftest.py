"""Server processes and SDK processes; whatever a test starts is ended by its pid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.server.applications import Applications
from tests.integration.server.peer import Peer
from tests.integration.server.site import Site


@pytest.fixture
async def sites(tmp_path: Path) -> AsyncIterator[Callable[..., Site]]:
    """`sites(**settings)` makes another server, which is still to be started."""
    made: list[Site] = []

    def make(**settings: Any) -> Site:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Site(folder, **settings))
        return made[-1]

    yield make
    for site in made:
        await site.close()


@pytest.fixture
async def site(sites: Callable[..., Site]) -> Site:
    """One server with the limits that everybody has."""
    site = sites()
    await site.start()
    return site


@pytest.fixture
def applications() -> Iterator[Callable[..., Applications]]:
    """`applications(url, token, flags, clients=, processes=)` starts processes with real SDKs."""
    started: list[Applications] = []

    def start(*arguments: Any, **named: Any) -> Applications:
        started.append(Applications(*arguments, **named))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def peers() -> Iterator[Callable[..., Peer]]:
    """`peers(site, token, name)` makes another peer, which is still to be connected."""
    made: list[Peer] = []

    def make(site: Site, token: str, name: str, receive_buffer: int = 0) -> Peer:
        made.append(Peer(site.port, token, name, receive_buffer))
        return made[-1]

    yield make
    for peer in made:
        peer.close()
