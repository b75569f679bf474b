"""Anything at all is asked of every operation: whatever it is, the server does not fail.

`FLAGHOIST_SEED=n` repeats a run's choices, `FLAGHOIST_FUZZ_REQUESTS` makes it longer.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from typing import Any
from urllib.parse import quote

import httpx
from tests.integration.server.inside import ADMIN, ENVIRONMENT, serving

REQUESTS = int(os.environ.get("FLAGHOIST_FUZZ_REQUESTS", "600"))

TEXTS = [
    "", "checkout", "nope", ENVIRONMENT, "..", "a/b", "%00", "\x00", "\ud800", "é" * 200, "x" * 300,
    "'; DROP TABLE log; --", "{{7*7}}", "\r\nSet-Cookie: a=b", "*", ":", "2027-01-01T00:00:00Z",
    "on", "off", "kill", "ramp", "undo", "admin", "sdk", "true", "1e999", "-1", "0",
]  # fmt: skip
NUMBERS = [0, -1, 1, 50, 100, 100.0001, 2**31, 2**63, 2**64, -(2**70), 1e308, 0.1 + 0.2]
NAMES = [
    "key", "command", "percent", "variant", "reason", "name", "role", "environment", "file", "at",
    "context", "default", "dry_run", "prune", "positions", "instance", "counts", "rejected",
    "version", "epoch", "expires_in_seconds", "flaghoist", "flags", "segments", "type", "variants",
    "environments", "rules", "when", "serve", "targets", "requires", "targeting_key", "kind",
    "accept_data_loss", "sequence", "all", "any", "not", "attribute", "in", "matches", "bucket",
]  # fmt: skip


class Chance:
    """Values that are wrong in all the ways that we could think of, and some that are right."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        return self.random.choice(TEXTS)

    def value(self, depth: int = 0) -> Any:
        kind = self.random.randrange(8 if depth < 5 else 5)
        if kind < 2:
            return self.text()
        if kind < 5:
            return self.random.choice([*NUMBERS, True, False, None])
        if kind == 5:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {
            self.random.choice([*NAMES, self.text()]): self.value(depth + 1)
            for _ in range(self.random.randrange(6))
        }

    def body(self, valid: dict[str, Any]) -> bytes:
        """A right body with something in it exchanged, a wrong one, or a torn one."""
        body = self.value() if self.random.random() < 0.1 else self.mutated(valid)
        text = json.dumps(body).encode("utf-8", "surrogatepass")
        if self.random.random() < 0.05:
            text = text[: self.random.randrange(len(text) + 1)]
        return text

    def mutated(self, node: Any) -> Any:
        """The same, except that here and there something is another, too much or missing."""
        if self.random.random() < 0.05:
            return self.value()
        if isinstance(node, list):
            return [self.mutated(each) for each in node] * self.random.choice([1] * 9 + [0, 2])
        if isinstance(node, dict):
            kept = {k: self.mutated(v) for k, v in node.items() if self.random.random() > 0.02}
            if self.random.random() < 0.03:
                kept[self.random.choice(NAMES)] = self.value()
            return kept
        return node

    def headers(self) -> dict[str, str]:
        wanted = {
            "If-Match": self.random.choice(['"sha256:0"', "*", "", "W/*", '"', "x" * 500]),
            "If-None-Match": self.random.choice(["*", '"', ""]),
            "Idempotency-Key": self.random.choice(["k", "", "x" * 500, "a b"]),
            "Content-Type": self.random.choice(["application/json", "text/plain", "x", "a/b;c=d"]),
        }
        return {name: text for name, text in wanted.items() if self.random.random() < 0.15}


FLAG = {
    "description": "d", "owner": "o", "kind": "release", "expires": "2027-03-31", "tags": ["t"],
    "type": "string", "variants": {"a": "1", "b": "2"},
    "environments": {
        ENVIRONMENT: {
            "state": "on", "off_variant": "a", "salt": "s", "bucket_by": "user.id",
            "requires": [{"flag": "checkout", "variants": ["on"]}],
            "targets": {"a": ["u1"], "b": ["u2", "u3"]},
            "rules": [
                {"name": "r", "when": {"segment": "staff"}, "serve": "a"},
                {"when": {"all": [{"attribute": "plan", "in": ["pro"]},
                                  {"not": {"bucket": {"below": 12.5, "by": "x", "salt": "y"}}}]},
                 "serve": {"a": 33.333, "b": 66.667}},
                {"when": {"attribute": "v", "semver_gte": ["4.2.0"]}, "serve": "b"},
                {"when": {"attribute": "m", "matches": ["^a+$"], "ignore_case": True},
                 "serve": "b"},
            ],
            "default": {"a": 5, "b": 95},
        }
    },
}  # fmt: skip
SEGMENTS = {"staff": {"description": "s", "when": {"attribute": "email", "ends_with": ["@x"]}}}
VALID: dict[str, dict[str, Any]] = {
    "/api/v1/environments": {"name": "another"},
    "/api/v1/tokens": {"role": "viewer", "environment": ENVIRONMENT, "expires_in_seconds": 60},
    "/api/v1/apply": {
        "file": {"flaghoist": 1, "segments": SEGMENTS, "flags": {"f": FLAG}},
        "environment": ENVIRONMENT, "prune": False, "dry_run": False, "reason": "r",
    },
    "/api/v1/environments/{environment}/changes": {
        "command": "ramp", "key": "checkout", "percent": 5, "variant": "on", "reason": "r",
    },
    "/api/v1/environments/{environment}/evaluate": {
        "key": "f", "context": {"targeting_key": "u", "plan": "pro"}, "at": 2, "default": 1,
    },
    "/sdk/v1/report": {"instance": "one", "counts": {"checkout": {"on": 1}}, "version": 2},
}  # fmt: skip


async def test_no_request_makes_the_server_fail() -> None:
    """Refusals are problems with a reason; there is no 5xx, and the server is as well as before."""
    chance = Chance(int(os.environ.get("FLAGHOIST_SEED", "20261126")))
    answers: Counter[int] = Counter()
    async with serving("checkout", requests_per_second=1e6, request_burst=10**6) as (server, admin):
        asked = {"role": "sdk", "environment": ENVIRONMENT}
        sdk = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]
        document = (await admin.get("/api/openapi.json")).json()
        operations = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if not path.endswith("/live")
        ]
        applies = [each for each in operations if each[1] == "/api/v1/apply"]
        for _ in range(REQUESTS):
            method, path, operation = chance.random.choice(operations + 8 * applies)
            request = build(chance, admin, method, path, operation)
            if path.startswith("/sdk/"):
                request.headers["Authorization"] = f"Bearer {sdk}"
            answer = await admin.send(request)
            answers[answer.status_code] += 1
            check(request, answer, operation["responses"])
            live = server.services.feed.environments[ENVIRONMENT]
            assert {} == live.snapshot.rejected, "the server took what an SDK sets aside"
        ready = await admin.get("/readyz")

    print(f"\n{REQUESTS} requests: {dict(sorted(answers.items()))}")
    assert 200 == ready.status_code


def build(
    chance: Chance, client: httpx.AsyncClient, method: str, path: str, operation: dict[str, Any]
) -> httpx.Request:
    url, query = path, []
    for parameter in operation.get("parameters", ()):
        likely = {"environment": ENVIRONMENT, "key": "checkout"}.get(parameter["name"])
        text = likely if likely and chance.random.random() < 0.7 else chance.text()
        shown = quote(text.encode("utf-8", "surrogatepass"), safe="")
        if parameter["in"] == "path":
            url = url.replace("{" + parameter["name"] + "}", shown or "x")
        elif chance.random.random() < 0.3:
            query.append(f"{parameter['name']}={shown}")
    if "wait=" not in "&".join(query) and query:
        url += "?" + "&".join(query)
    content = chance.body(VALID.get(path, {})) if method == "POST" else None
    return client.build_request(method, url, content=content, headers=chance.headers())


def check(
    request: httpx.Request, answer: httpx.Response, described: dict[str, dict[str, Any]]
) -> None:
    """It is no failure, it is of a kind that the document describes, and refusals say why."""
    what = f"{request.method} {request.url} {request.content[:300]!r}: {answer.text[:500]}"
    assert answer.status_code < 500, what
    assert ADMIN not in answer.text
    told = described.get(str(answer.status_code)) or described["default"]
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert [kind] == list(told.get("content", {"": None})), what
    if answer.status_code >= 400:
        assert "application/problem+json" == answer.headers["content-type"], what
        problem = answer.json()
        assert answer.status_code == problem["status"], what
        assert problem["detail"], what
