"""Who may do what: every role at every operation of the OpenAPI document, and every refusal.

The table below is written by hand, so that it says what is meant and not what is. An operation
that the document has and the table has not, or the other way round, fails.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from flaghoist_server.serve import Server
from flaghoist_server.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN = "matrix-admin-token-0123456789"
OWN, FOREIGN, NOWHERE = "production", "staging", "nowhere"
SECRET = "canary-of-staging"

PERMISSIONS = {
    "admin": {"any", "read", "flip", "edit", "admin"},
    "editor": {"any", "read", "flip", "edit"},
    "operator": {"any", "read", "flip"},
    "viewer": {"any", "read"},
    "sdk": {"any", "stream"},
    "client": {"any"},
}

OPERATIONS: dict[tuple[str, str], str] = {
    ("GET", "/healthz"): "public",
    ("GET", "/livez"): "public",
    ("GET", "/readyz"): "public",
    ("GET", "/metrics"): "public",
    ("GET", "/api/v1/whoami"): "any",
    ("GET", "/api/v1/environments"): "read",
    ("POST", "/api/v1/environments"): "everywhere",
    ("GET", "/api/v1/tokens"): "admin",
    ("POST", "/api/v1/tokens"): "admin",
    ("DELETE", "/api/v1/tokens/{token_id}"): "admin",
    ("GET", "/api/v1/export"): "read",
    ("POST", "/api/v1/apply"): "edit",
    ("GET", "/api/v1/environments/{environment}/flags"): "read",
    ("GET", "/api/v1/environments/{environment}/flags/{key}"): "read",
    ("GET", "/api/v1/environments/{environment}/history"): "read",
    ("POST", "/api/v1/environments/{environment}/evaluate"): "read",
    ("POST", "/api/v1/environments/{environment}/changes"): "flip",
    ("GET", "/api/v1/environments/{environment}/fleet"): "read",
    ("GET", "/api/v1/environments/{environment}/live"): "read",
    ("GET", "/api/v1/recover"): "everywhere",
    ("POST", "/api/v1/recover"): "everywhere",
    ("GET", "/sdk/v1/snapshot"): "stream",
    ("POST", "/sdk/v1/report"): "stream",
}


_numbers = itertools.count()


def body_for(path: str) -> Any:
    """A body with which somebody who may succeeds."""
    flag = {"type": "boolean", "environments": {OWN: {"default": "on"}}}
    bodies = {
        "/api/v1/environments": {"name": f"another-{next(_numbers)}"},
        "/api/v1/recover": {},
        "/api/v1/tokens": {"role": "viewer", "environment": OWN},
        "/api/v1/apply": {"file": {"flaghoist": 1, "flags": {"checkout": flag}}},
        "/api/v1/environments/{environment}/evaluate": {"key": "checkout"},
        "/api/v1/environments/{environment}/changes": {"command": "on", "key": "checkout"},
        "/sdk/v1/report": {"instance": "one"},
    }
    return bodies.get(path)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api() -> AsyncIterator[httpx.AsyncClient]:
    """A server with two environments, each with a flag of its own."""
    async with (
        Server(Settings(port=0, store="memory://", admin_token=ADMIN, drain_seconds=0)) as server,
        httpx.AsyncClient(base_url=server.url, timeout=10) as client,
    ):
        admin = bearer(ADMIN)
        for environment, description in [(OWN, "ours"), (FOREIGN, SECRET)]:
            made = await client.post(
                "/api/v1/environments", json={"name": environment}, headers=admin
            )
            assert 201 == made.status_code
            key = "checkout" if environment == OWN else SECRET
            flag = {"type": "boolean", "description": description,
                    "environments": {environment: {"default": "on"}}}  # fmt: skip
            body = {"file": {"flaghoist": 1, "flags": {key: flag}}}
            assert (await client.post("/api/v1/apply", json=body, headers=admin)).is_success
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


async def token_of(api: httpx.AsyncClient, role: str, environment: str | None = OWN) -> str:
    body = {"role": role, "environment": environment}
    return str((await make_token(api, body))["token"])


async def make_token(api: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post("/api/v1/tokens", json=body, headers=bearer(ADMIN))
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def ask(
    api: httpx.AsyncClient, method: str, path: str, token: str, environment: str = OWN
) -> tuple[int, str]:
    """Status and text; of an answer that never ends, its beginning."""
    key = "checkout" if environment == OWN else SECRET
    doomed = ""
    if "{token_id}" in path:
        doomed = (await make_token(api, {"role": "viewer", "environment": environment}))["id"]
    url = path.format(environment=environment, key=key, token_id=doomed)
    request = api.build_request(method, url, json=body_for(path), headers=bearer(token))
    answer = await api.send(request, stream=True)
    text = ""
    async for part in answer.aiter_text():
        text += part
        if path.endswith("/live"):
            break
    await answer.aclose()
    return answer.status_code, text


async def test_the_table_has_exactly_the_operations_of_the_document(
    api: httpx.AsyncClient,
) -> None:
    """A new one cannot be forgotten here."""
    document = (await api.get("/api/openapi.json")).json()

    written = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }

    assert OPERATIONS.keys() == written


@pytest.mark.parametrize("role", PERMISSIONS)
async def test_a_role_may_do_what_it_is_for_and_nothing_else(
    api: httpx.AsyncClient, role: str
) -> None:
    """With a token of one environment, in that environment."""
    token = await token_of(api, role)
    allowed = PERMISSIONS[role] | {"public"}

    wrong = {}
    for (method, path), permission in OPERATIONS.items():
        status, text = await ask(api, method, path, token)
        good = status in (200, 201, 204) if permission in allowed else status == 403
        if not good:
            wrong[method, path] = (status, text)

    assert {} == wrong


async def test_only_an_admin_of_all_environments_does_what_concerns_all(
    api: httpx.AsyncClient,
) -> None:
    """An environment's token ends where it ends; an editor of all is still no admin."""
    operations = [operation for operation, needs in OPERATIONS.items() if needs == "everywhere"]
    tokens = {role: await token_of(api, role, None) for role in ("admin", "editor")}

    for method, path in operations:
        answers = {role: await ask(api, method, path, token) for role, token in tokens.items()}

        assert answers["admin"][0] in (200, 201), answers
        assert answers["editor"][0] == 403, answers


async def test_without_a_good_token_there_is_nothing_but_what_is_public(
    api: httpx.AsyncClient,
) -> None:
    """None, a wrong one, one that is revoked, one that is past its time: 401, and no word why."""
    revoked = await make_token(api, {"role": "admin"})
    await api.delete(f"/api/v1/tokens/{revoked['id']}", headers=bearer(ADMIN))
    expired = await make_token(api, {"role": "admin", "expires_in_seconds": 1e-9})
    shortened = (await make_token(api, {"role": "admin"}))["token"][:-1]
    bad = ["", "no-such-token", revoked["token"], expired["token"], shortened]

    wrong = {}
    for (method, path), permission in OPERATIONS.items():
        for token in bad:
            status, text = await ask(api, method, path, token)
            if (status == 401) != (permission != "public"):
                wrong[method, path, token] = (status, text)

    assert {} == wrong


@pytest.mark.parametrize("role", PERMISSIONS)
async def test_another_environment_is_as_if_it_did_not_exist(
    api: httpx.AsyncClient, role: str
) -> None:
    """Same status, same words, and not a byte of it anywhere."""
    token = await token_of(api, role)

    for method, path in OPERATIONS:
        if "{environment}" not in path:
            continue
        foreign = await ask(api, method, path, token, FOREIGN)
        nowhere = await ask(api, method, path, token, NOWHERE)

        assert (404, foreign[1]) == (foreign[0], nowhere[1].replace(NOWHERE, FOREIGN))


@pytest.mark.parametrize("role", PERMISSIONS)
async def test_nothing_of_another_environment_is_in_any_answer(
    api: httpx.AsyncClient, role: str
) -> None:
    """Lists are cut down to what the token may see; naming the other one does not help."""
    token = await token_of(api, role)
    their_token = await make_token(api, {"role": "viewer", "environment": FOREIGN, "name": SECRET})
    file = {"flaghoist": 1, "flags": {SECRET: {"type": "boolean",
            "environments": {FOREIGN: {"default": "off"}}}}}  # fmt: skip
    attempts = [
        ("GET", f"/api/v1/export?environment={FOREIGN}", None),
        ("POST", "/api/v1/apply", {"file": file, "environment": FOREIGN, "dry_run": True}),
        ("DELETE", f"/api/v1/tokens/{their_token['id']}", None),
        ("POST", "/api/v1/tokens", {"role": "viewer", "environment": FOREIGN}),
        ("POST", "/api/v1/tokens", {"role": "viewer"}),
    ]

    answers = [await ask(api, method, path, token) for method, path in OPERATIONS
               if method == "GET" and path not in ("/metrics", "/livez")]  # fmt: skip
    refused = [
        await api.request(method, path, json=body, headers=bearer(token))
        for method, path, body in attempts
    ]

    assert [] == [text for _, text in answers if SECRET in text]
    assert [] == [answer.text for answer in refused if answer.status_code not in (403, 404)]
    assert [] == [answer.text for answer in refused if SECRET in answer.text]


async def test_an_admin_of_one_environment_makes_no_token_beyond_it(
    api: httpx.AsyncClient,
) -> None:
    """Neither for another environment nor for all."""
    token = bearer(await token_of(api, "admin"))

    made = await api.post("/api/v1/tokens", json={"role": "admin", "environment": OWN},
                          headers=token)  # fmt: skip
    beyond = [
        await api.post("/api/v1/tokens", json={"role": "viewer"} | where, headers=token)
        for where in ({}, {"environment": FOREIGN}, {"environment": NOWHERE})
    ]

    assert 201 == made.status_code
    assert [403, 404, 404] == [answer.status_code for answer in beyond]
