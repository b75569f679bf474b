"""Environments, and the one question that every client asks first: who am I?"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from flaghoist_server.api import answers
from flaghoist_server.api.auth import identity_of, needs
from flaghoist_server.api.problem import Refusal
from flaghoist_server.api.services import Services
from flaghoist_server.change.commands import Author

__all__ = ["HANDLERS"]


class NewEnvironment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name`: 1-64 of a-z A-Z 0-9 . _ -"""

    name: str
    reason: str = ""


@get("/whoami", opt=needs("any"), tags=["environments"])
async def whoami(request: Request[Any, Any, Any]) -> answers.Whoami:
    """The token that this request came with."""
    identity = identity_of(request)
    return answers.Whoami(
        id=identity.id,
        role=identity.role,
        environment=identity.environment or None,
        name=identity.name,
    )


@get("/environments", opt=needs("read"), tags=["environments"])
async def list_environments(
    services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> answers.Environments:
    """The environments that this token may see."""
    own = identity_of(request).environment
    shown = [
        await _environment(services, name)
        for name in sorted(services.feed.environments)
        if own in ("", name)
    ]
    return answers.Environments(environments=shown)


@post("/environments", opt=needs("admin", everywhere=True), tags=["environments"])
async def create_environment(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    data: JSONBody[NewEnvironment],
) -> answers.Environment:
    """Make an empty environment. 409 if there is one of this name."""
    author = Author(identity_of(request).actor, services.now(), data.reason)
    if not await services.writer.create(data.name, author):
        raise Refusal(409, f"environment {data.name!r} exists already", kind="exists")
    return await _environment(services, data.name)


async def _environment(services: Services, name: str) -> answers.Environment:
    live = services.feed.environments[name]
    parts = await services.fleet.parts(name)
    return answers.Environment(
        environment=name,
        epoch=live.head.epoch,
        version=live.head.version,
        flags=len(live.state.flags),
        connected=sum(part.connected for part in parts),
    )


HANDLERS = [whoami, list_environments, create_environment]
