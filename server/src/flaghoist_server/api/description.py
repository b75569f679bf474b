"""What the OpenAPI document says beyond what the handlers' signatures tell litestar.

Pure: a document in, a document out. Three things are said here for all operations at once: every
refusal is a problem, some writes take conditions in headers, and some answers are no JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flaghoist_server.hub.problem import PROBLEM_JSON

__all__ = ["describe"]

Document = dict[str, Any]

_METHODS = ("get", "post", "delete")

_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. Programs branch on `type`; some types have more fields.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_REFUSED = {
    "description": "Refused: what was wrong, and what to do.",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_IF_MATCH = ("If-Match", "The digest that the flag must have, in quotes, or `*`. Else 412.")
_KEY = ("Idempotency-Key", "A repeat with the same key gets the first answer and changes nothing.")
_IF_NONE_MATCH = ("If-None-Match", "An ETag that the asker has already. If it still holds: 304.")
_HEADERS = {
    ("post", "/api/v1/environments/{environment}/changes"): (_IF_MATCH, _KEY),
    ("post", "/api/v1/apply"): (_KEY,),
    ("get", "/api/v1/environments/{environment}/flags/{key}"): (_IF_NONE_MATCH,),
    ("get", "/sdk/v1/snapshot"): (_IF_NONE_MATCH,),
}
_OTHER_TYPES = {
    ("get", "/metrics"): "text/plain",
    ("get", "/api/v1/environments/{environment}/live"): "text/event-stream",
}


def describe(document: Document) -> Document:
    """The document as it is shown; the one given is left as it is."""
    paths = {path: dict(item) for path, item in document["paths"].items()}
    for path, method, operation in _operations(paths):
        paths[path][method] = _described(method, path, operation)
    components = dict(document["components"])
    components["schemas"] = {**components.get("schemas", {}), "Problem": _PROBLEM}
    return {**document, "paths": paths, "components": components}


def _operations(paths: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in paths.items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _described(method: str, path: str, operation: Document) -> Document:
    responses = {code: told for code, told in operation["responses"].items() if code < "400"}
    kind = _OTHER_TYPES.get((method, path))
    if kind is not None:
        responses["200"] = {**responses["200"], "content": {kind: {"schema": {"type": "string"}}}}
    headers = [_header(name, told) for name, told in _HEADERS.get((method, path), ())]
    if _IF_NONE_MATCH in _HEADERS.get((method, path), ()):
        responses["304"] = {"description": "It is as the asker has it."}
    parameters = [*operation.get("parameters", ()), *headers]
    described = {**operation, "responses": {**responses, "default": _REFUSED}}
    return described | ({"parameters": parameters} if parameters else {})


def _header(name: str, told: str) -> Document:
    return {"name": name, "in": "header", "required": False, "description": told,
            "schema": {"type": "string"}}  # fmt: skip
