"""The Litestar application: every way in over HTTP but the SDKs' stream.

Handlers stand in `routes/`, one file for each thing that is spoken of. What is the same for all of
them is here: who may (the guard), what an error looks like, how much one may send, and which
headers every answer carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler, Message, Scope

from flaghoist_server.api.auth import authorise, check_all_guarded
from flaghoist_server.api.problem import HANDLERS as PROBLEMS
from flaghoist_server.api.problem import Refusal
from flaghoist_server.api.routes import (
    changes,
    docs,
    environments,
    flags,
    fleet,
    health,
    recovery,
    sdk,
    tokens,
)
from flaghoist_server.api.services import Services

__all__ = ["create_app"]

_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}
"""What every answer has, refusals too, unless it says something else itself."""


def create_app(services: Services, others: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """The application around `services`; `others` are routers of the other ways in."""
    management = Router(
        "/api/v1",
        route_handlers=[
            *environments.HANDLERS,
            *tokens.HANDLERS,
            *flags.HANDLERS,
            *changes.HANDLERS,
            *fleet.HANDLERS,
            *recovery.HANDLERS,
        ],
        security=[{"bearer": []}],
    )
    app = Litestar(
        route_handlers=[
            *health.HANDLERS,
            *docs.HANDLERS,
            management,
            Router("/sdk/v1", route_handlers=sdk.HANDLERS, security=[{"bearer": []}]),
            *others,
        ],
        guards=[authorise(services)],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        exception_handlers=PROBLEMS,
        before_request=_refuse_packed,
        before_send=[_complete_headers],
        request_max_body_size=services.settings.api.max_body,
        openapi_config=_openapi(),
        logging_config=None,
        debug=False,
    )
    check_all_guarded(app)
    return app


async def _refuse_packed(request: Request[Any, Any, Any]) -> None:
    """What unpacks to a thousand times its size would go past every limit. Raises: Refusal."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "a body is taken as it is, without Content-Encoding")


async def _complete_headers(message: Message, _: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = list(message["headers"])
        said = {name.lower() for name, _ in headers}
        message["headers"] = [*headers, *(h for h in _HEADERS.items() if h[0] not in said)]


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Flaghoist",
        version=version("flaghoist-server"),
        description="Management of flags, environments and tokens, and the SDKs' way over HTTP.",
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
        ),
        use_handler_docstrings=True,
        render_plugins=[docs.ApiDocument(), docs.ApiPage()],
        openapi_router=docs.api_router(),
    )
