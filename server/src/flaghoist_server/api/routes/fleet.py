"""The connected SDKs: who they are, what they have applied, and all of it live."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from flaghoist_server.api import answers
from flaghoist_server.api.auth import identity_of, needs
from flaghoist_server.api.live import live_events
from flaghoist_server.api.services import Services

__all__ = ["HANDLERS"]


@get("/environments/{environment:str}/fleet", opt=needs("read"), tags=["fleet"])
async def fleet(services: NamedDependency[Services], environment: FromPath[str]) -> answers.Fleet:
    """The connected SDKs of all replicas: application, build, version applied, and its lag."""
    parts = await services.fleet.parts(environment, instances=True)
    instances = [instance for part in parts for instance in part.instances]
    return answers.Fleet(
        environment=environment,
        version=services.feed.environments[environment].head.version,
        instances=sorted(instances, key=lambda each: (each.app, each.instance)),
    )


@get("/environments/{environment:str}/live", opt=needs("read"), tags=["fleet"])
async def live(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
) -> ServerSentEvent:
    """Server-sent events: `state`, `fleet` and `counts`, as long as the reader may stay."""
    return ServerSentEvent(live_events(services, environment, identity_of(request).id))


HANDLERS = [fleet, live]
