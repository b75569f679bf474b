"""What every answer has, and every refusal: programs branch on it, caches and browsers obey it."""

from __future__ import annotations

from typing import Any

from tests.integration.server.inside import ADMIN, ENVIRONMENT, bearer, serving

HERE = f"/api/v1/environments/{ENVIRONMENT}"
CHANGES = f"{HERE}/changes"

REFUSED: dict[str, tuple[str, str, Any, int, str, str]] = {
    "nothing there": ("GET", "/nothing", None, 404, "not-found", "nothing is at /nothing"),
    "nothing there, of the API": ("GET", "/api/nothing", None, 404, "not-found", "/api/docs"),
    "another method": ("PUT", "/api/v1/whoami", {}, 405, "method-not-allowed",
                       "/api/v1/whoami does not answer to PUT"),
    "no stream": ("GET", "/sdk/v1/stream", None, 426, "upgrade-required", "this is a websocket"),
    "wrong type": ("POST", CHANGES, {"command": "on", "key": 5}, 400, "malformed",
                   "key: Expected `str`, got `int`"),
    "wrong type, deeper": ("POST", "/api/v1/apply", {"file": {}, "positions": {"a": 1}}, 400,
                           "malformed", "positions"),
    "unknown field": ("POST", CHANGES, {"command": "on", "kee": "x"}, 400, "malformed", "`kee`"),
    "unknown command": ("POST", CHANGES, {"command": "fly", "key": "x"}, 400, "malformed", "fly"),
    "nothing to ramp to": ("POST", CHANGES, {"command": "ramp", "key": "checkout"}, 422,
                           "invalid", "ramp needs percent"),
    "no such limit": ("GET", f"{HERE}/history?limit=0", None, 422, "invalid", "from 1 to 1000"),
    "no number": ("GET", f"{HERE}/history?limit=x", None, 400, "malformed", "limit"),
    "no flag": ("POST", CHANGES, {"command": "on", "key": "chekout"}, 404, "unknown-flag",
                "there is no flag 'chekout'; did you mean 'checkout'?"),
    "no environment": ("GET", "/api/v1/environments/nope/flags", None, 404, "unknown-environment",
                       "there is no environment 'nope'"),
    "taken": ("POST", "/api/v1/environments", {"name": ENVIRONMENT}, 409, "exists", "exists"),
}  # fmt: skip

KEPT_BY_NOBODY = ["/api/v1/whoami", f"{HERE}/flags", "/nothing", "/healthz", "/", "/sign-in"]


async def test_every_refusal_is_a_problem_that_says_what_was_wrong() -> None:
    """RFC 9457; the type is one of those that the documentation names."""
    async with serving("checkout") as (_, admin):
        for name, (method, path, body, status, kind, said) in REFUSED.items():
            answer = await admin.request(method, path, json=body)

            told = answer.json()
            assert "application/problem+json" == answer.headers["content-type"], name
            assert (status, status) == (answer.status_code, told["status"]), name
            assert f"/problems/{kind}" == told["type"], name
            assert said in told["detail"], name


async def test_a_websocket_that_is_not_the_stream_is_refused_like_anything_else() -> None:
    """404, as a problem, and before any token is looked at."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    async with serving("checkout") as (_, admin):
        answer = await admin.get("/api/v1/whoami", headers=upgrade)

    told = answer.json()
    assert "application/problem+json" == answer.headers["content-type"]
    assert (404, "/problems/not-found") == (answer.status_code, told["type"])
    assert "the only websocket here is /sdk/v1/stream" == told["detail"]


async def test_a_stranger_is_told_no_more_than_that() -> None:
    """401 says how to ask; nothing of the token that was sent comes back."""
    async with serving("checkout") as (_, admin):
        for token in ["", "guess-guess-guess-guess", "fh_admin_aaaaaaaaaaaa_" + "b" * 43]:
            answer = await admin.get(f"{HERE}/flags", headers={"Authorization": ""} | bearer(token))

            assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
            assert not token or token not in answer.text


async def test_no_answer_is_kept_guessed_at_or_told_on() -> None:
    """By caches, browsers, other sites; whatever was asked and whoever answers it."""
    async with serving("checkout") as (_, admin):
        for path in KEPT_BY_NOBODY:
            answer = await admin.get(path)

            assert "no-store" == answer.headers["cache-control"], path
            assert "nosniff" == answer.headers["x-content-type-options"], path
            assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin"), path
            assert ADMIN not in answer.text
