"""What is confided to the server is in none of its words: log, metrics, errors, store."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest
from tests.integration.server.inside import ADMIN, ENVIRONMENT, bearer, serving
from tests.integration.server.peer import Peer
from tests.integration.server.site import ADMIN_TOKEN, Site

CANARY = "canary-d41d8cd98f00"
OUR_OWN_CLIENTS = ("httpx", "httpcore", "websockets.client")


async def test_neither_tokens_nor_contexts_nor_values_are_in_logs_metrics_or_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At debug, with everything that can be asked, right and wrong."""
    caplog.set_level(logging.DEBUG)
    async with serving("checkout") as (server, admin):
        asked = {"role": "sdk", "environment": ENVIRONMENT}
        token = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]
        answers = await ask_everything(admin, token)
        peer = await Peer(server.port, token, "one").connected()
        await peer.first_frame()
        await peer.say(b'{"type":"resync","reason":"because"}')
        await peer.first_frame()
        peer.close()
        metrics = (await admin.get("/metrics")).text
        shown = repr(server.settings) + repr(server.services) + repr(server.services.tokens)

    said = [record.getMessage() for record in caplog.records
            if not record.name.startswith(OUR_OWN_CLIENTS)]  # fmt: skip
    assert "draining" in said
    words = ["\n".join(said), metrics, shown, *(answer.text for answer in answers)]
    secrets = [ADMIN, token, token.rsplit("_", 1)[-1], CANARY]
    assert [] == [secret for secret in secrets for text in words if secret in text]


async def ask_everything(admin: httpx.AsyncClient, token: str) -> list[httpx.Response]:
    """Requests that fail with a secret in them, or evaluate one."""
    evaluate = f"/api/v1/environments/{ENVIRONMENT}/evaluate"
    context = {"targeting_key": CANARY, "email": CANARY}
    return [
        await admin.get(f"/api/v1/whoami?token={token}"),
        await admin.get("/api/v1/whoami", headers=bearer(CANARY + token)),
        await admin.post(evaluate, json={"key": "nope", "context": context}),
        await admin.post(evaluate, json={"key": "checkout", "context": context, "at": "never"}),
        await admin.get("/sdk/v1/stream", headers=bearer(token)),
    ]


async def test_a_failure_that_nobody_foresaw_is_logged_without_the_request(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the trace; the answer has nothing."""
    async with serving("checkout") as (server, admin):

        async def fails(*_: object, **__: object) -> None:
            raise ZeroDivisionError("inside")

        monkeypatch.setattr(server.services.writer, "submit", fails)
        answer = await admin.post(
            f"/api/v1/environments/{ENVIRONMENT}/changes",
            json={"command": "on", "key": "checkout", "reason": CANARY},
        )

    assert (500, False) == (answer.status_code, "inside" in answer.text)
    assert "ZeroDivisionError: inside" in caplog.text
    assert CANARY not in caplog.text
    assert ADMIN not in caplog.text


async def test_no_token_can_be_found_in_the_store_or_in_the_log_of_a_process(
    site: Site, tmp_path: Path
) -> None:
    """Only hashes are kept; a stolen backup opens nothing."""
    token = await site.prepare("checkout")
    made = await site.make_token("viewer")
    await site.flip("checkout", 50)
    log = site.log
    assert 0 == await site.terminate()

    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    secrets = [ADMIN_TOKEN, token, token.rsplit("_", 1)[-1], made["token"].rsplit("_", 1)[-1]]
    assert made["id"].encode() in files
    assert [] == [each for each in secrets if each.encode() in files or each in log]
