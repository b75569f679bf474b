"""`/api/openapi.json`, and `/api/docs`: the same on one page, made here.

No script, no inline style and nothing from elsewhere, so the policy can forbid all of it and the
page works where there is no internet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader
from litestar import MediaType, Request, Response, Router, get
from litestar.enums import OpenAPIMediaType
from litestar.openapi.plugins import OpenAPIRenderPlugin

from flaghoist_server.api.auth import PUBLIC
from flaghoist_server.api.description import describe
from flaghoist_server.api.problem import problem_response

__all__ = ["HANDLERS", "ApiDocument", "ApiPage", "api_router"]

_PAGES = Path(__file__).parents[1] / "pages"
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_METHODS = ("get", "post", "put", "patch", "delete")

_templates = Environment(
    loader=FileSystemLoader(_PAGES), autoescape=True,  trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


class ApiDocument(OpenAPIRenderPlugin):
    """The OpenAPI document itself."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002  # litestar's signature
        return msgspec.json.encode(describe(openapi_schema))


class ApiPage(OpenAPIRenderPlugin):
    """Renders the OpenAPI document as a page."""

    def __init__(self) -> None:
        super().__init__(path="/docs")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002  # litestar's signature
        document = describe(openapi_schema)
        page = _templates.get_template("api.html").render(
            info=document["info"],
            groups=_groups(document),
            schemas=document["components"]["schemas"],
        )
        return page.encode()


def api_router() -> Router:
    """Where litestar puts the document and the page: beneath /api."""
    return Router(
        "/api",
        route_handlers=[],
        include_in_schema=False,
        opt=PUBLIC,
        response_headers={"Content-Security-Policy": _POLICY},
        after_request=_as_everywhere,
    )


async def _as_everywhere(response: Response[Any]) -> Response[Any]:
    """Litestar has a page of its own for what is not beneath /api."""
    if response.status_code == 404:
        return problem_response(404, "nothing is here; see /api/docs")
    return response


@get("/api/docs.css", opt=PUBLIC, include_in_schema=False)
async def stylesheet() -> Response[bytes]:
    """The page's style."""
    return Response((_PAGES / "api.css").read_bytes(), media_type=MediaType.CSS)


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, in the order in which they were written."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                entry = {"method": method.upper(), "path": path, **operation}
                groups.setdefault((operation.get("tags") or ["other"])[0], []).append(entry)
    return groups


HANDLERS = [stylesheet]
