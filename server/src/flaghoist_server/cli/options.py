"""Options that many commands share, and what they are turned into before a command runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.files import read
from flaghoist_server.cli.parameters import Number
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = [
    "DEFAULT_URL",
    "Command",
    "connected",
    "environment_option",
    "needed_environment",
    "printing",
    "reason_option",
    "store_option",
    "wait_option",
]

DEFAULT_URL = "http://127.0.0.1:8700"

Command = TypeVar("Command", bound=Callable[..., Any])


def printing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--json`, and an `Output` as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
    @functools.wraps(command)
    def with_output(*arguments: Any, as_json: bool, **options: Any) -> None:
        command(Output(as_json), *arguments, **options)

    return with_output


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--url`, `--token` and `--json`; it is called with an `Api`, an `Output`."""

    @click.option(
        "--url",
        envvar="FLAGHOIST_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="The server. [env: FLAGHOIST_URL]",
    )
    @click.option(
        "--token",
        envvar="FLAGHOIST_TOKEN",
        help="What it knows you by. [env: FLAGHOIST_TOKEN, or FLAGHOIST_TOKEN_FILE: a file]",
    )
    @click.option("--token-file", envvar="FLAGHOIST_TOKEN_FILE", hidden=True)
    @printing
    @functools.wraps(command)
    def with_api(
        out: Output,
        *arguments: Any,
        url: str,
        token: str | None,
        token_file: str | None,
        **options: Any,
    ) -> None:
        from flaghoist_server.cli.api import Api

        api = Api(url, functools.partial(_token, token, token_file))
        try:
            command(api, out, *arguments, **options)
        except CommandFailed as failure:
            raise _with_environments(api, failure) from failure

    return with_api


def environment_option(command: Command) -> Command:
    """Give a command `-e ENVIRONMENT`."""
    return click.option(
        "-e",
        "--environment",
        "--env",
        envvar="FLAGHOIST_ENV",
        metavar="ENV",
        help="The environment, such as production. [env: FLAGHOIST_ENV]",
    )(command)


def reason_option(command: Command) -> Command:
    """Give a command `--reason`."""
    return click.option("--reason", default="", metavar="TEXT", help="Why; kept in history.")(
        command
    )


def wait_option(command: Command) -> Command:
    """Give a command `--wait SECONDS`."""
    return click.option(
        "--wait",
        type=Number(0.0, 600.0),
        metavar="SECONDS",
        help="Return when every connected SDK has applied it; exit 1 if not all have in time.",
    )(command)


def store_option(command: Command) -> Command:
    """Give a command `--store URL`."""
    return click.option(
        "--store",
        "store_url",
        envvar="FLAGHOIST_STORE",
        metavar="URL",
        help="The store itself: sqlite:///PATH or redis://… [env: FLAGHOIST_STORE]",
    )(command)


def needed_environment(api: Api, environment: str | None) -> str:
    """The environment named, or the token's own, or the only one there is.

    Raises: CommandFailed, naming those there are, when that leaves a choice.
    """
    if environment:
        return environment
    own = api.get("/api/v1/whoami").get("environment")
    if own:
        return str(own)
    names = [row["environment"] for row in api.get("/api/v1/environments")["environments"]]
    if len(names) == 1:
        return str(names[0])
    if not names:
        raise CommandFailed(
            "there is no environment yet; make one: flaghoist env create production"
        )
    raise CommandFailed(f"which environment? Name one with -e: {', '.join(names)}", BAD_INPUT)


def _with_environments(api: Api, failure: CommandFailed) -> CommandFailed:
    """The failure; one at an unknown environment also names those that there are."""
    if failure.details.get("problem", {}).get("type") != "/problems/unknown-environment":
        return failure
    names = [row["environment"] for row in api.get("/api/v1/environments")["environments"]]
    there = f"there are {', '.join(names)}" if names else "make it: flaghoist env create NAME"
    return CommandFailed(f"{failure.message}; {there}", failure.exit_code, failure.details)


def _token(token: str | None, file: str | None) -> str:
    if token:
        return token.strip()
    if not file:
        raise CommandFailed(
            "no token: give --token, or set FLAGHOIST_TOKEN (or FLAGHOIST_TOKEN_FILE to a file)",
            BAD_INPUT,
        )
    return read(file).decode(errors="replace").strip()
