"""Where servers that share a store show each other their part of the fleet.

Rules: a board is a notice board, not a log: what a replica puts up replaces what it put up before
and fades when it is not renewed. A server alone has `LocalBoard`, on which nobody else writes.

A receipt across replicas needs no list of instances, only how many have which version: of the SDKs
of another replica, everybody has the change once nobody there is below it. SDKs that came later
cannot hide one that lags, because they are asked for too.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

__all__ = ["FADES_SECONDS", "FleetBoard", "Instance", "LocalBoard", "Part"]

FADES_SECONDS = 5.0
"""A part that was not renewed for this long is of a replica that is gone."""


class Instance(msgspec.Struct, frozen=True):
    """One SDK as the fleet view shows it. `version` 0: it has applied nothing yet."""

    instance: str
    app: str
    build: str
    sdk: str
    version: int
    lag_seconds: float
    connected_seconds: float = 0.0
    rejected: dict[str, str] = msgspec.field(default_factory=dict)


class Part(msgspec.Struct, frozen=True):
    """One replica's part of an environment's fleet.

    `versions` maps a version to how many have applied exactly that (-1: nothing yet).
    """

    replica: str
    environment: str
    epoch: str
    version: int
    versions: dict[int, int] = msgspec.field(default_factory=dict)
    instances: list[Instance] = msgspec.field(default_factory=list)
    rates: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)

    @property
    def connected(self) -> int:
        return sum(self.versions.values())

    def applied(self, version: int) -> int:
        return sum(count for has, count in self.versions.items() if has >= version)


class FleetBoard(Protocol):
    """Never raises because the store is away: what cannot be told is not there."""

    async def start(self) -> None:
        """Open; no other call before it."""

    async def close(self) -> None:
        """Take down what this replica has put up; closing twice is fine."""

    async def show(self, part: Part, *, counts_only: bool = False) -> None:
        """Put up this replica's part; to be called again within `FADES_SECONDS`.

        `counts_only`: `part` has no instances, and those that were put up before stay.
        """

    async def others(self, environment: str) -> list[Part]:
        """The parts of the other replicas that have not faded."""


class LocalBoard:
    """The board of a server that is alone."""

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def show(self, part: Part, *, counts_only: bool = False) -> None:
        """Nobody else looks."""

    async def others(self, environment: str) -> list[Part]:  # noqa: ARG002  # the port's signature
        return []
