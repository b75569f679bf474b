"""Alive, ready, measured: for probes and collectors. Anybody may ask; no secret is said."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from flaghoist_server.api.auth import PUBLIC
from flaghoist_server.api.metrics import registry_of
from flaghoist_server.api.services import Services

__all__ = ["HANDLERS"]

_EXPOSITION = CONTENT_TYPE_LATEST.partition("; charset")[0]
"""Litestar says the charset of text itself."""


@get(["/healthz", "/livez"], opt=PUBLIC, summary="Alive", tags=["health"])
async def healthz() -> dict[str, bool]:
    """The process answers. Nothing else is looked at: a dead store is no reason to restart."""
    return {"alive": True}


@get("/readyz", opt=PUBLIC, summary="Ready for traffic", tags=["health"])
async def readyz(services: NamedDependency[Services]) -> Response[dict[str, Any]]:
    """200 while flags are served, also from memory; 503 while starting and draining.

    A store that is away is told and does not make the server unready: it serves what it has.
    """
    because = services.readiness.because or services.feed.unready_because
    if because:
        return Response({"ready": False, "because": because}, status_code=503)
    return Response({"ready": True, "store": services.feed.state})


@get("/metrics", opt=PUBLIC, summary="Prometheus metrics", tags=["health"])
async def metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Numbers about the server and its fleet; no flag is named in a label."""
    body = generate_latest(registry_of(services))
    return Response(body, media_type=_EXPOSITION)


HANDLERS = [healthz, readyz, metrics]
