"""A Flask application: the context is made where the request and its session are at hand."""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, session
from tests.unit.client.integrations.shop import FLAG, flip, shop_client

from flaghoist import Client, Context
from flaghoist.integrations.flask import Flags


def shop(client: Client) -> Flask:
    app = Flask("shop")
    app.secret_key = "test"
    Flags(app, context=lambda _: Context("u", plan=session.get("plan")), client=client)

    @app.get("/log-in/<plan>")
    def log_in(plan: str) -> str:
        session["plan"] = plan
        return "ok"

    @app.get("/")
    def is_on() -> Any:
        before = client.is_enabled(FLAG)
        flip(client)
        return jsonify([before, client.is_enabled(FLAG)])

    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError("in the application")

    return app


def test_a_request_has_the_session_s_context_and_one_snapshot() -> None:
    """The flip during the request is for the next one."""
    client = shop_client()
    web = shop(client).test_client()

    assert [False, False] == web.get("/").json
    assert [True, True] == web.get("/").json


def test_the_session_decides() -> None:
    """Whoever has logged in as a pro is one."""
    web = shop(shop_client()).test_client()
    web.get("/log-in/pro")

    assert [True, True] == web.get("/").json


def test_a_request_that_fails_leaves_nothing_behind() -> None:
    """The context is gone, and the next request is served."""
    client = shop_client()
    web = shop(client).test_client()
    web.get("/log-in/pro")

    assert 500 == web.get("/fails").status_code
    assert client.is_enabled(FLAG) is False
    assert [True, True] == web.get("/").json
