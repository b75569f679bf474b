"""Under ASGI each request has its own context and one snapshot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.unit.client.integrations.shop import FLAG, flip, shop_client

from flaghoist import Client, Context
from flaghoist.integrations.asgi import FlagsMiddleware, Scope


def plan_of(scope: Scope) -> Context:
    """The context of a request: its plan stands in the query."""
    return Context("user-1", plan=scope["query_string"].decode())


def scope_of(plan: str, kind: str = "http") -> Scope:
    return {"type": kind, "query_string": plan.encode()}


async def none(*_: Any) -> None:
    """Nothing is received, nothing is sent."""


def serve(client: Client, context: Any = plan_of) -> AsyncClient:
    async def is_on(request: Request) -> JSONResponse:
        before = client.is_enabled(FLAG)
        if "flip" in request.headers:
            flip(client)
        return JSONResponse([before, client.is_enabled(FLAG)])

    def is_on_in_a_thread(request: Request) -> JSONResponse:
        return JSONResponse(client.is_enabled(FLAG))

    routes = [Route("/", is_on), Route("/thread", is_on_in_a_thread)]
    middleware = [Middleware(FlagsMiddleware, context=context, client=client)]
    app = Starlette(routes=routes, middleware=middleware)
    return AsyncClient(transport=ASGITransport(app), base_url="http://shop")


@pytest.mark.parametrize(("plan", "expected"), [("pro", True), ("free", False)])
async def test_a_request_is_evaluated_for_its_context(plan: str, expected: bool) -> None:
    """A lookup that names no context uses the request's, also in a thread of the framework."""
    web = serve(shop_client())

    assert [expected, expected] == (await web.get(f"/?{plan}")).json()
    assert expected is (await web.get(f"/thread?{plan}")).json()


async def test_after_a_request_its_context_is_gone() -> None:
    """Nothing of one request is seen outside of it."""
    client = shop_client()

    await serve(client).get("/?pro")

    assert client.is_enabled(FLAG) is False


async def test_requests_at_the_same_time_do_not_mix() -> None:
    """Two tasks, two contexts, however they interleave."""
    client = shop_client()
    both_are_in = asyncio.Barrier(2)
    answers: dict[str, bool] = {}

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await both_are_in.wait()
        answers[scope["query_string"].decode()] = client.is_enabled(FLAG)

    web = FlagsMiddleware(app, context=plan_of, client=client)
    await asyncio.gather(web(scope_of("pro"), none, none), web(scope_of("free"), none, none))

    assert {"pro": True, "free": False} == answers


async def test_a_request_sees_one_snapshot() -> None:
    """A flip in the midst of a request is for the next one."""
    web = serve(shop_client())

    assert [False, False] == (await web.get("/?free", headers={"flip": "1"})).json()
    assert [True, True] == (await web.get("/?free")).json()


async def test_a_websocket_sees_flips() -> None:
    """It lives too long to be pinned."""
    client = shop_client()
    seen: list[bool] = []

    async def talk(scope: Scope, receive: Any, send: Any) -> None:
        seen.append(client.is_enabled(FLAG))
        flip(client)
        seen.append(client.is_enabled(FLAG))

    web = FlagsMiddleware(talk, context=plan_of, client=client)
    await web(scope_of("free", "websocket"), none, none)

    assert [False, True] == seen


async def test_a_lifespan_is_no_request() -> None:
    """It is passed on as it is, and no context is made of it."""
    asked: list[Scope] = []
    passed: list[Scope] = []

    async def live(scope: Scope, receive: Any, send: Any) -> None:
        passed.append(scope)

    web = FlagsMiddleware(live, context=asked.append, client=shop_client())
    await web({"type": "lifespan"}, none, none)

    assert [{"type": "lifespan"}] == passed
    assert [] == asked


async def test_a_context_that_cannot_be_made_takes_no_request_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The request is served without one, and the log says so."""

    def broken(scope: Scope) -> Context:
        raise KeyError("user")

    web = serve(shop_client(), broken)

    assert [False, False] == (await web.get("/?pro")).json()
    assert "the evaluation context of a request could not be made" in caplog.text


async def test_litestar_takes_it_as_it_is() -> None:
    """Litestar gives a middleware the scope, too."""
    from litestar import Litestar, get
    from litestar.middleware import DefineMiddleware

    client = shop_client()

    @get("/", sync_to_thread=False)
    def is_on() -> bool:
        return client.is_enabled(FLAG)

    @get("/thread", sync_to_thread=True)
    def is_on_in_a_thread() -> bool:
        return client.is_enabled(FLAG)

    middleware = DefineMiddleware(FlagsMiddleware, context=plan_of, client=client)
    app = Litestar([is_on, is_on_in_a_thread], middleware=[middleware])
    web = AsyncClient(transport=ASGITransport(app), base_url="http://shop")  # type: ignore[arg-type]  # Litestar's own types of ASGI

    assert [True, False, True] == [
        (await web.get(path)).json() for path in ("/?pro", "/?free", "/thread?pro")
    ]
