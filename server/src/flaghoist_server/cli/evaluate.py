"""`flaghoist eval`: what somebody gets, and step by step why; also what they got in the past."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.options import connected, environment_option, needed_environment
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["evaluate"]


class ContextText(click.ParamType[Any]):
    """A JSON object of attributes, or a targeting key as it is."""

    name = "context"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """The context as the API takes it."""
        text = str(value)
        if not text.lstrip().startswith("{"):
            return {"targeting_key": text}
        try:
            context = json.loads(text)
        except json.JSONDecodeError as error:
            self.fail(
                f"not JSON at character {error.pos + 1}: {error.msg.lower()}; "
                'expected something like \'{"targeting_key": "user-42", "plan": "pro"}\'',
                param,
                ctx,
            )
        assert isinstance(context, dict)
        return context


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

    where = path("environments", needed_environment(api, environment), "evaluate")
    body: dict[str, Any] = {"key": key, "context": context}
    if default is not None:
        body["default"] = _value(default)
    if at is not None:
        body["at"] = int(at) if at.isdecimal() else at
    answer = api.post(where, body)
    if out.json:
        out.document(answer)
    else:
        _tell(out, answer)


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


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
