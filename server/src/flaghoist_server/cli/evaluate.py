"""`flaghoist eval`: what somebody gets, and step by step why; also what they got in the past."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.options import connected, environment_option, needed_environment
from flaghoist_server.cli.parameters import ContextText, value_of
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["evaluate"]


@click.command("eval")
@click.argument("key", metavar="KEY")
@click.option(
    "--context",
    type=ContextText(),
    default="{}",
    metavar="JSON",
    help='For whom: \'{"targeting_key": "user-42", "plan": "pro"}\', or a targeting key alone.',
)
@click.option("--default", metavar="VALUE", help="The caller's default, as JSON or as text.")
@click.option("--at", metavar="VERSION|TIME", help="As it was then: a version, or RFC 3339.")
@environment_option
@connected
def evaluate(
    api: Api,
    out: Output,
    key: str,
    context: dict[str, Any],
    default: str | None,
    at: str | None,
    environment: str | None,
) -> None:
    """Evaluate a flag and explain the result, step by step."""
    from flaghoist_server.cli.api import path

    place = needed_environment(api, environment)
    body: dict[str, Any] = {"key": key, "context": context}
    if default is not None:
        body["default"] = value_of(default)
    if at is not None:
        body["at"] = int(at) if re.fullmatch("[0-9]{1,18}", at) else at
    answer = api.post(path("environments", place, "evaluate"), body)
    if out.json:
        out.document(answer)
    else:
        _tell(out, answer)
    if answer["error"] == "FLAG_NOT_FOUND" and at is None:
        _suggest(api, place, key)


def _tell(out: Output, answer: dict[str, Any]) -> None:
    value = json.dumps(answer["value"], ensure_ascii=False)
    variant = f"variant {answer['variant']}" if answer["variant"] else "no variant"
    out.line(f"{answer['key']} =", (value, "green" if answer["error"] is None else "yellow"))
    by = f"{variant}, {answer['reason']}"
    by += f", rule {answer['rule']}" if answer.get("rule") else ""
    by += f", {answer['error']}" if answer["error"] else ""
    out.line(("because", "bright_black"), f"{by}, version {answer['version']}")
    for number, step in enumerate(answer["trace"], start=1):
        out.line(
            (f"{number:>3}", "bright_black"), (f"{step['step']:<9}", "bright_black"), step["text"]
        )


def _suggest(api: Api, environment: str, key: str) -> None:
    """A key that may have been meant."""
    from flaghoist.model.names import nearest
    from flaghoist_server.cli.api import path

    known = api.get(path("environments", environment, "flags"))["flags"]
    if close := nearest(key, [row["key"] for row in known]):
        say(f"note: did you mean {close!r}?", "yellow")
