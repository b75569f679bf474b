"""`flaghoist on | off | kill | ramp | undo`: one flag changed, and with `--wait` the receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.options import (
    connected,
    environment_option,
    needed_environment,
    reason_option,
    store_option,
    wait_option,
)
from flaghoist_server.cli.parameters import Number
from flaghoist_server.cli.receipt import demand_all, receipt_line, waiting
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["kill", "off", "on", "ramp", "undo"]


@dataclass(frozen=True)
class Request:
    """What all changes have in common, as it was asked for."""

    api: Api
    out: Output
    key: str
    environment: str | None
    reason: str
    wait: float | None
    if_match: str | None

    def carry_out(self, command: str, done: str, **more: Any) -> None:
        """Make the change and say what came of it; `done` is what has then been done."""
        from flaghoist_server.cli.api import path

        environment = needed_environment(self.api, self.environment)
        where = path("environments", environment, "changes")
        body = {"command": command, "key": self.key, "reason": self.reason, **more}
        headers = {"If-Match": f'"{self.if_match}"'} if self.if_match else {}
        with waiting(self.api, environment, self.wait):
            answer = self.api.post(where, body, wait=self.wait, **headers)
        self._tell(answer, done)
        demand_all([answer], self.wait)

    def break_glass(self, store_url: str | None) -> None:
        """Kill the flag in the store itself, past any server."""
        from flaghoist_server.cli.stores import kill_in

        if not store_url or not self.environment:
            raise CommandFailed("--direct asks no server: it needs --store and -e", BAD_INPUT)
        if self.wait is not None or self.if_match:
            raise CommandFailed("--direct goes without --wait and --if-match", BAD_INPUT)
        answer = kill_in(store_url, self.environment, self.key, self.reason)
        self._tell(answer, "is killed")

    def _tell(self, answer: dict[str, Any], done: str) -> None:
        for note in answer.get("notes", ()):
            say(f"note: {note}", "yellow")
        if not answer.get("durable", True):
            say("note: written, but not yet on as many replicas as configured", "yellow")
        if self.out.json:
            self.out.document(answer)
            return
        if answer["digest"] is None:
            done = "is removed, for it was not there before its last change,"
        where = f"in {answer['environment']}, version {answer['version']}"
        if answer.get("changed", True):
            self.out.line(("✓", "green"), f"{self.key} {done} {where}")
        else:
            self.out.line("=", f"{self.key} {done} already {where}")
        if "connected" in answer:
            self.out.line(*receipt_line(answer))


def changing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command KEY and the options of every change; it is called with a `Request`."""

    def with_request(api: Api, out: Output, /, **options: Any) -> None:
        shared = {name: options.pop(name) for name in _SHARED}
        command(Request(api, out, **shared), **options)

    with_request.__doc__ = command.__doc__
    decorated = connected(with_request)
    for decorate in (_if_match, wait_option, reason_option, environment_option):
        decorated = decorate(decorated)
    # Arguments stand in the order in which they are declared, so KEY is put before the others.
    own = getattr(command, "__click_params__", [])
    decorated.__click_params__ = [*own, *decorated.__click_params__]  # type: ignore[attr-defined]  # click's way
    return click.argument("key", metavar="KEY")(decorated)


_SHARED = ("key", "environment", "reason", "wait", "if_match")


def _if_match(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--if-match",
        metavar="DIGEST",
        help="Only if the flag's digest still is this one (see flag show).",
    )(command)


@click.command()
@changing
def on(request: Request) -> None:
    """Switch a flag on: its rules and its default decide again."""
    request.carry_out("on", "is on")


@click.command()
@changing
def off(request: Request) -> None:
    """Switch a flag off: everyone gets its off variant."""
    request.carry_out("off", "is off")


@click.command()
@changing
@store_option
@click.option("--direct", is_flag=True, help="Break glass, when no server answers: into --store.")
def kill(request: Request, direct: bool, store_url: str | None) -> None:
    """Switch a flag off now, past every policy; history records it as a kill.

    With --direct --store URL it is written straight into the store. Servers that run, or are
    started later, follow it from there, and history names who sat at this terminal.
    """
    if direct:
        request.break_glass(store_url)
    else:
        request.carry_out("kill", "is killed")


@click.command()
@changing
@click.argument("percent", type=Number(0.0, 100.0), metavar="PERCENT")
@click.option("--variant", metavar="V", help="Of which variant; left out: the one that is on.")
def ramp(request: Request, percent: float, variant: str | None) -> None:
    """Set the share of users who get a flag, in its default.

    Who has it keeps it when the share is raised. State, rules and targets stay as they are.
    """
    named = {"variant": variant} if variant else {}
    request.carry_out("ramp", f"is at {percent:g} %", percent=percent, **named)


@click.command()
@changing
def undo(request: Request) -> None:
    """Take a flag's last change back; undoing that does it again."""
    request.carry_out("undo", "is as it was before its last change")
