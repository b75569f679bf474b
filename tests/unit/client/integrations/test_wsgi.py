"""Under WSGI a request lasts until its last byte is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.client.integrations.shop import FLAG, flip, shop_client

from flaghoist import Client, Context
from flaghoist.integrations.wsgi import FlagsMiddleware


def plan_of(environ: dict[str, Any]) -> Context:
    return Context("user-1", plan=environ["QUERY_STRING"])


def middleware_of(client: Client, app: Any) -> FlagsMiddleware:
    return FlagsMiddleware(app, context=plan_of, client=client)


def test_a_request_is_evaluated_for_its_context() -> None:
    """A finished body is passed on as it is."""
    client = shop_client()
    body = [b"on"]

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return body if client.is_enabled(FLAG) else []

    web = middleware_of(client, app)

    assert web({"QUERY_STRING": "pro"}, None) is body
    assert [] == web({"QUERY_STRING": "free"}, None)
    assert client.is_enabled(FLAG) is False


def test_a_stream_has_the_context_and_the_snapshot_to_its_end() -> None:
    """What is made while it is sent belongs to the request, until the server closes it."""
    client = shop_client()
    closed = []

    def stream() -> Iterator[bytes]:
        try:
            yield str(client.is_enabled(FLAG)).encode()
            yield str(client.is_enabled(FLAG, "somebody else")).encode()
        finally:
            closed.append(True)

    answer = middleware_of(client, lambda *_: stream())({"QUERY_STRING": "pro"}, None)
    flip(client)
    sent = list(answer)
    assert [b"True", b"False"] == sent
    answer.close()  # type: ignore[attr-defined]  # a body of ours has it

    assert [True] == closed
    assert client.is_enabled(FLAG, "somebody else") is True


def test_a_request_that_fails_leaves_nothing_behind() -> None:
    """The context goes with the exception."""
    client = shop_client()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise RuntimeError("in the application")

    with pytest.raises(RuntimeError):
        middleware_of(client, app)({"QUERY_STRING": "pro"}, None)

    assert client.is_enabled(FLAG) is False
