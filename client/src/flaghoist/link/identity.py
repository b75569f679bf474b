"""Who a client is to a server, and what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaghoist._version import __version__
from flaghoist.link.holding import FROM_A_SERVER
from flaghoist.protocol.client_session import Position
from flaghoist.protocol.messages import Hello

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding

__all__ = ["hello", "position"]


def position(holding: Holding) -> Position:
    """What this client has, as a server counts it; flags of a file are nothing to a server."""
    if holding.source not in FROM_A_SERVER:
        return Position(holding.settings.environment)
    snapshot = holding.snapshot
    return Position(snapshot.environment, snapshot.epoch, snapshot.version, snapshot.hash)


def hello(holding: Holding) -> Hello:
    """The first word on a stream."""
    have = position(holding)
    return Hello(
        holding.instance,
        sdk_version=__version__,
        app=holding.settings.app,
        build=holding.settings.build,
        epoch=have.epoch,
        version=have.version,
        hash=have.hash,
    )
