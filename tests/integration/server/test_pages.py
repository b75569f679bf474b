"""The pages for operators say what is so: settings, metrics, operations, problems, limits."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.server.inside import ENVIRONMENT, serving
from tests.integration.server.peer import Peer

from flaghoist_server import settings
from flaghoist_server.api import problem
from flaghoist_server.api.http import BODY_SECONDS, HEAD_SECONDS, MAX_HEAD, STALLED_SECONDS
from flaghoist_server.change.roles import ROLES
from flaghoist_server.hub.limits import MAX_HANDSHAKE, MAX_INBOUND, StreamLimits
from flaghoist_server.hub.stream import CloseCode
from flaghoist_server.settings import ApiLimits, Settings

PAGES = Path(__file__).parents[3] / "docs" / "server"
API = Path(problem.__file__).parent


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def test_every_setting_is_told_and_no_other() -> None:
    """With its default."""
    told = dict(re.findall(r"\| `(FLAGHOIST_\w+)` \| (?:`([^`]*)`)? ?\|", page("running")))

    variables = {f"FLAGHOIST_{name.upper()}": name for name in settings._VARIABLES}
    defaults = {variable: getattr(Settings(), name) for variable, name in variables.items()}
    assert {name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in defaults.items()} == told  # fmt: skip


async def test_every_metric_is_told_and_no_other() -> None:
    """As a server with an SDK tells them."""
    told = set(re.findall(r"`(flaghoist_[a-z_]+)(?:\{[a-z,]+\})?`", page("running")))
    async with serving("checkout") as (server, admin):
        asked = {"role": "sdk", "environment": ENVIRONMENT}
        token = (await admin.post("/api/v1/tokens", json=asked)).json()["token"]
        peer = await Peer(server.port, token, "one").connected()
        await peer.first_frame()
        metrics = (await admin.get("/metrics")).text
        peer.close()

    counted = re.findall(r"# TYPE (\S+) counter", metrics)
    measured = re.findall(r"# TYPE (\S+) (?:gauge|histogram)", metrics)
    assert {*counted, *measured} == told
    for name, labels in re.findall(r"`(flaghoist_[a-z_]+)\{([a-z,]+)\}`", page("running")):
        for shown in re.findall(rf"{name}{{(.*?)}}", metrics):
            assert labels.split(",") == re.findall(r"(\w+)=", shown), name


async def test_every_operation_is_told_and_no_other() -> None:
    """Health has a page of its own."""
    told = {
        (method, path)
        for line in page("api").splitlines()
        if line.startswith("| `")
        for method, path in re.findall(r"`(GET|POST|DELETE) (/\S+)`", line)
    }
    async with serving() as (_, admin):
        document = (await admin.get("/api/openapi.json")).json()

    written = {(method.upper(), path) for path, methods in document["paths"].items()
               for method in methods if path.startswith(("/api/v1", "/sdk/v1"))}  # fmt: skip
    assert written == told


def test_every_problem_is_told() -> None:
    """A program can only branch on what it knows of."""
    source = "".join(path.read_text() for path in API.rglob("*.py"))
    kinds = set(re.findall(r'kind="([a-z-]+)"', source)) | {"unknown-flag"}
    told = page("api").replace("`-flag`, `-version`, `-token`",
                               "unknown-flag, unknown-version, unknown-token")  # fmt: skip

    assert [] == sorted(kind for kind in kinds if kind not in told)


def test_limits_are_told_as_they_are() -> None:
    """The figures of the pages, each beside the one in the code."""
    stream, api = StreamLimits(), ApiLimits()
    running, of_api, of_tokens = page("running"), page("api"), page("tokens")

    assert f"{stream.handshakes_per_second:,.0f} a second after a burst of" in running
    assert f"a burst of {stream.handshake_burst:,}" in running
    assert f"| {MAX_HANDSHAKE // 1024} KiB | 431 |" in running
    assert f"| within {stream.hello_seconds:g} s | closed, {CloseCode.POLICY} |" in running
    assert f"| {MAX_INBOUND // 1024} KiB | closed, {CloseCode.TOO_BIG} |" in running
    assert f"pinged every {stream.beat_seconds:g} s" in running
    assert f"| {stream.stalled_seconds:g} s | closed, {CloseCode.TOO_SLOW} |" in running
    assert f"closed, {CloseCode.TOKEN_GONE} |" in running
    assert f"| {MAX_HEAD // 1024} KiB, within {HEAD_SECONDS:g} s | cut |" in running
    assert f"| {api.max_body // 1024**2} MiB, within {BODY_SECONDS:g} s | 413; cut |" in running
    assert f"| reading nothing of an answer | {STALLED_SECONDS:g} s | cut |" in running
    assert f"| {api.requests_per_second:g} a second a token after a burst of " in running
    assert f"burst of {api.request_burst:,} | 429" in running
    assert f"({api.max_wait_seconds:g} at most)" in of_api
    assert f"{api.requests_per_second:g} a second a token" in of_api
    assert f"at most {api.max_body // 1024**2} MiB" in of_api
    assert [5, 100] == [api.failures_per_second, api.failure_burst]
    assert "five a second\nafter the first hundred" in of_tokens
    assert [] == [role for role in ROLES if f"| `{role}` |" not in of_tokens]
