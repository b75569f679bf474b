"""Errors as RFC 9457 problems: one place where an exception becomes an answer.

Rules: a problem says what was wrong with the request and what to do, and never what is inside the
server. What nobody expected is logged here, with its trace and without the request's headers and
body, and answered with 500 and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from flaghoist.model.problem import Problem
from flaghoist_server.change.commands import CommandError
from flaghoist_server.hub.problem import PROBLEM_JSON, problem_body
from flaghoist_server.store.port import Conflict, StoreReadOnly, StoreUnavailable

__all__ = [
    "HANDLERS",
    "Refusal",
    "problem_response",
    "problems_as_json",
    "unknown_environment",
]

_log = logging.getLogger("flaghoist.api")

_RETRY_SECONDS = 1


class Refusal(Exception):
    """The request is refused with `status`; `fields` go into the problem as they are."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})
        self.fields = dict(fields or {})


def unknown_environment(name: str) -> Refusal:
    """Also for one that is there and not this token's: both are told in the same words."""
    return Refusal(404, f"there is no environment {name!r}", kind="unknown-environment")


def problem_response(
    status: int,
    detail: str,
    *,
    kind: str = "",
    headers: Mapping[str, str] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Response[bytes]:
    """The answer that carries a problem."""
    return Response(
        problem_body(status, detail, kind=kind, fields=fields),
        status_code=status,
        headers=dict(headers or {}),
        media_type=PROBLEM_JSON,
    )


def problems_as_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Places in a document that are wrong, as they stand in a problem."""
    return [
        {"path": list(problem.path), "message": problem.message, "expected": problem.expected}
        for problem in problems
    ]


def _refusal(_: Request[Any, Any, Any], error: Refusal) -> Response[Any]:
    return problem_response(
        error.status, str(error), kind=error.kind, headers=error.headers, fields=error.fields
    )


def _command_error(_: Request[Any, Any, Any], error: CommandError) -> Response[Any]:
    status = 422 if error.code == "invalid" else 404
    fields = {"problems": problems_as_json(error.problems)} if error.problems else {}
    kind = error.code.replace("_", "-")
    return problem_response(status, str(error), kind=kind, fields=fields)


def _store_away(_: Request[Any, Any, Any], error: StoreUnavailable) -> Response[Any]:
    detail = f"nothing was changed: {error}"
    headers = {"Retry-After": str(_RETRY_SECONDS)}
    return problem_response(503, detail, kind="store-unavailable", headers=headers)


def _store_read_only(_: Request[Any, Any, Any], error: StoreReadOnly) -> Response[Any]:
    return problem_response(507, str(error), kind="store-read-only")


def _conflict(_: Request[Any, Any, Any], error: Conflict) -> Response[Any]:
    fields = {"version": error.head.version} if error.head else {}
    return problem_response(412, str(error), kind="moved-on", fields=fields)


def _too_deep(_: Request[Any, Any, Any], __: RecursionError) -> Response[Any]:
    return problem_response(400, "the body is nested too deeply", kind="too-deep")


def _validation(_: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    extra = error.extra if isinstance(error.extra, list) else []
    said = [_said(entry) for entry in extra if isinstance(entry, dict)]
    return problem_response(400, "; ".join(said) or error.detail)


def _said(entry: dict[str, Any]) -> str:
    """`data` is what litestar calls the body, and all that it says when there is none."""
    key, message = str(entry.get("key", "data")), str(entry.get("message"))
    if key == "data":
        return "a JSON body is expected" if message == "'data'" else f"body: {message}"
    return f"{key}: {message}"


def _too_large(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    limit = request.route_handler.resolve_request_max_body_size()
    return problem_response(413, f"a body has at most {limit:,} bytes", kind="too-large")


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    headers = {name: str(value) for name, value in (error.headers or {}).items()}
    detail = error.detail if error.status_code != 400 else f"the body is no JSON: {error.detail}"
    return problem_response(error.status_code, detail, headers=headers)


def _not_found(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
    detail = error.detail if error.detail != "Not Found" else f"nothing is at {request.url.path}"
    return problem_response(404, detail)


def _method(request: Request[Any, Any, Any], error: MethodNotAllowedException) -> Response[Any]:
    headers = {name: str(value) for name, value in (error.headers or {}).items()}
    detail = f"{request.url.path} does not answer to {request.method}"
    return problem_response(405, detail, headers=headers)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    told = {"action": "api.failed", "method": request.method}
    _log.error("a request failed for a reason that nobody foresaw", exc_info=error, extra=told)
    return problem_response(500, "the server failed at this request; its log says more")


HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    Refusal: _refusal,
    CommandError: _command_error,
    StoreUnavailable: _store_away,
    StoreReadOnly: _store_read_only,
    Conflict: _conflict,
    RecursionError: _too_deep,
    ValidationException: _validation,
    RequestEntityTooLarge: _too_large,
    NotFoundException: _not_found,
    MethodNotAllowedException: _method,
    HTTPException: _http,
    Exception: _unexpected,
}
