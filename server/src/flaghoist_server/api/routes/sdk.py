"""For SDKs where websockets cannot pass: the same flags and the same words over plain HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from flaghoist.protocol.messages import Hello, Report
from flaghoist_server.api.auth import PUBLIC, identity_of, needs
from flaghoist_server.api.problem import Refusal
from flaghoist_server.api.services import Services

__all__ = ["HANDLERS"]


class PolledReport(msgspec.Struct, frozen=True):
    """An SDK without a stream: what it has, who it is, and what it has evaluated."""

    instance: str
    epoch: str = ""
    version: int = 0
    sdk: str = "flaghoist-python"
    sdk_version: str = ""
    app: str = ""
    build: str = ""
    sequence: int = 0
    counts: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    rejected: dict[str, str] = msgspec.field(default_factory=dict)


@get("/stream", opt=PUBLIC, include_in_schema=False)
async def stream_without_upgrade() -> None:
    """Websockets never come here: they are the hub's, beneath ASGI."""
    raise Refusal(
        426,
        "this is a websocket; a proxy that drops `Upgrade` makes it look like this. "
        "Without websockets there is /sdk/v1/snapshot",
        headers={"Upgrade": "websocket"},
    )


@get("/snapshot", opt=needs("stream"), tags=["sdk"])
async def snapshot(
    services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Response[bytes | None]:
    """The environment of the token, whole: a `full` message. The ETag is its position."""
    live = services.feed.environments[identity_of(request).environment]
    etag = f'"{live.head.epoch}.{live.head.version}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers=headers)
    return Response(live.full_frame(), media_type=MediaType.JSON, headers=headers)


@post("/report", opt=needs("stream"), status_code=204, tags=["sdk"])
async def report(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    data: JSONBody[PolledReport],
) -> None:
    """What a stream would have carried: the position applied, counts, flags set aside."""
    live = services.feed.environments[identity_of(request).environment]
    hello = Hello(
        data.instance,
        sdk=data.sdk,
        sdk_version=data.sdk_version,
        app=data.app,
        build=data.build,
        epoch=data.epoch,
        version=data.version,
    )
    told = Report(data.sequence, data.counts, data.rejected)
    services.fleet.polled(live.name, hello, told, live.state.flags)


HANDLERS = [stream_without_upgrade, snapshot, report]
