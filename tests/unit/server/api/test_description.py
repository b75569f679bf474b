"""The OpenAPI document, completed: refusals, conditional headers, answers that are no JSON."""

from __future__ import annotations

from typing import Any

from flaghoist_server.api.description import describe

CHANGES = "/api/v1/environments/{environment}/changes"
OK = {"description": "ok", "content": {"application/json": {"schema": {}}}}


def document(path: str, method: str, **operation: Any) -> dict[str, Any]:
    whole = {"responses": {"200": OK, "400": OK}, **operation}
    return {"info": {}, "paths": {path: {method: whole}}, "components": {}}


def test_every_refusal_is_a_problem() -> None:
    """What litestar says of its own errors is not so here."""
    described = describe(document("/x", "get"))

    responses = described["paths"]["/x"]["get"]["responses"]
    problem = responses["default"]["content"]["application/problem+json"]["schema"]
    assert ["200", "default"] == list(responses)
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert {"type", "title", "status", "detail"} == {
        *described["components"]["schemas"]["Problem"]["required"]
    }


def test_a_change_takes_conditions_beside_its_parameters() -> None:
    """Whoever generates a client from the document gets them too."""
    wait = {"name": "wait", "in": "query"}

    described = describe(document(CHANGES, "post", parameters=[wait]))

    parameters = described["paths"][CHANGES]["post"]["parameters"]
    assert ["wait", "If-Match", "Idempotency-Key"] == [each["name"] for each in parameters]


def test_what_may_be_unchanged_says_so() -> None:
    """304 has no body."""
    described = describe(document("/sdk/v1/snapshot", "get"))

    assert "content" not in described["paths"]["/sdk/v1/snapshot"]["get"]["responses"]["304"]


def test_metrics_are_text() -> None:
    """And the live events are events."""
    described = describe(document("/metrics", "get"))

    assert ["text/plain"] == list(
        described["paths"]["/metrics"]["get"]["responses"]["200"]["content"]
    )


def test_the_given_document_is_left_as_it_is() -> None:
    """Litestar keeps it and gives it again."""
    given = document("/metrics", "get")

    describe(given)

    assert given == document("/metrics", "get")
