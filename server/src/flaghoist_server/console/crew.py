"""The connected SDKs as a page shows them: by build, and those furthest behind one by one."""

from __future__ import annotations

import heapq
from collections import Counter

from flaghoist_server.console.desk import Desk
from flaghoist_server.console.views import Crew, Sdk, SdkGroup
from flaghoist_server.fleet.board import Instance

__all__ = ["crew"]

_INSTANCES = 100


async def crew(desk: Desk, environment: str, version: int) -> Crew:
    """Everyone who is connected, and who of them has `version` or a newer one."""
    parts = await desk.services.fleet.parts(environment, instances=True)
    everyone = [instance for part in parts for instance in part.instances]
    listed = _furthest_behind(everyone, version)
    return Crew(
        version=version,
        number=len(everyone),
        late=sum(one.version < version for one in everyone),
        groups=_groups(everyone, version),
        instances=listed,
        more=len(everyone) - len(listed),
    )


def _groups(everyone: list[Instance], version: int) -> list[SdkGroup]:
    """By application, build and SDK: a fleet of thousands in a few lines."""
    numbers: Counter[tuple[str, str, str]] = Counter()
    applied: Counter[tuple[str, str, str]] = Counter()
    for one in everyone:
        numbers[one.app, one.build, one.sdk] += 1
        applied[one.app, one.build, one.sdk] += one.version >= version
    return [SdkGroup(*group, numbers[group], applied[group]) for group in sorted(numbers)]


def _furthest_behind(everyone: list[Instance], version: int) -> list[Sdk]:
    worst = heapq.nsmallest(
        _INSTANCES, everyone, key=lambda one: (one.version, one.app, one.instance)
    )
    return [_sdk(instance, version) for instance in worst]


def _sdk(one: Instance, version: int) -> Sdk:
    late = one.version < version
    lag = f"{one.lag_seconds:.1f} s" if late else "–"
    return Sdk(
        one.app, one.build, one.instance, one.version, late, lag, ", ".join(sorted(one.rejected))
    )
