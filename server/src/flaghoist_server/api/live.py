"""What happens in an environment, as events: changed flags at once, the fleet and its counts.

    state   {"version", "epoch", "flags": [rows], "removed": [keys]}   at first and at each change
    fleet   {"version", "connected", "applied", "versions"}            when it has changed
    counts  {"rates": {flag: {variant: evaluations per second}}}       once a second

A reader that falls behind misses nothing that matters: it is told what changed since it was last
told, not one event for each change.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar.response import ServerSentEventMessage

from flaghoist_server.api.rows import rows
from flaghoist_server.api.services import Services
from flaghoist_server.change.state import State
from flaghoist_server.fleet.board import Part

__all__ = ["live_events"]

_LOOK_SECONDS = 0.1
_LOOKS_A_SECOND = 10


async def live_events(
    services: Services, environment: str, token: str
) -> AsyncIterator[ServerSentEventMessage]:
    """Events until the reader goes, its token is no longer good, or the server leaves."""
    told: State | None = None
    fleet_told: dict[str, Any] = {}
    look = 0
    while services.tokens.holds(token) and not services.readiness.draining.is_set():
        live = services.feed.environments[environment]
        parts = await services.fleet.parts(environment)
        if live.state is not told:
            yield _event("state", _state(told, live.state, parts))
            told = live.state
        fleet = _fleet(live.head.version, parts)
        if fleet != fleet_told:
            yield _event("fleet", fleet)
            fleet_told = fleet
        if look % _LOOKS_A_SECOND == 0:
            yield _event("counts", {"rates": _rates(parts)})
        look += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await services.readiness.draining.wait()


def _state(told: State | None, state: State, parts: list[Part]) -> dict[str, Any]:
    """The rows that are not as they were told."""
    before = {} if told is None else told.flags
    changed = [key for key, flag in state.flags.items() if before.get(key) is not flag]
    return {
        "epoch": state.head.epoch,
        "version": state.head.version,
        "flags": rows(state, parts, changed),
        "removed": sorted(before.keys() - state.flags.keys()),
    }


def _fleet(version: int, parts: list[Part]) -> dict[str, Any]:
    versions: Counter[int] = Counter()
    for part in parts:
        versions.update(part.versions)
    return {
        "version": version,
        "connected": versions.total(),
        "applied": sum(part.applied(version) for part in parts),
        "versions": {str(max(has, 0)): count for has, count in sorted(versions.items())},
    }


def _rates(parts: list[Part]) -> dict[str, dict[str, float]]:
    rates: dict[str, Counter[str]] = {}
    for part in parts:
        for key, variants in part.rates.items():
            for name, rate in variants.items():
                rates.setdefault(key, Counter())[name] += rate  # type: ignore[assignment]  # floats
    return {key: dict(counts) for key, counts in rates.items()}


def _event(name: str, data: dict[str, Any]) -> ServerSentEventMessage:
    return ServerSentEventMessage(event=name, data=msgspec.json.encode(data).decode())
