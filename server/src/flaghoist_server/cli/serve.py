"""`flaghoist serve`: run the server until it is told to leave."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.parameters import Number
from flaghoist_server.terminal.output import say

if TYPE_CHECKING:
    from flaghoist_server.serve import Server

__all__ = ["serve"]


@click.command()
@click.option("--host", help="Where to listen.  [env: FLAGHOIST_HOST; default: 127.0.0.1]")
@click.option(
    "--port",
    type=Number(0, 65535),
    help="The port; 0: any.  [env: FLAGHOIST_PORT; default: 8700]",
)
@click.option(
    "--store",
    metavar="URL",
    help="sqlite:///PATH or redis://…  [env: FLAGHOIST_STORE; default: sqlite:///flaghoist.db]",
)
def serve(host: str | None, port: int | None, store: str | None) -> None:
    """Run the server: the SDKs' stream, the API and the page, on one port.

    FLAGHOIST_ADMIN_TOKEN sets the first administrator's token; else one is made and printed once.
    Ends with Ctrl-C, or in good order with SIGTERM: the SDKs are asked to move first. More
    settings, all variables: docs/server/running.md.
    """
    from flaghoist_server.serve import run
    from flaghoist_server.settings import Settings, SettingsError

    try:
        settings = Settings.of(os.environ, host=host, port=port, store=store)
    except SettingsError as error:
        raise CommandFailed(str(error), BAD_INPUT) from error
    code = run(settings, _tell)
    if code:
        raise click.exceptions.Exit(code)


def _tell(server: Server) -> None:
    say(f"Flaghoist serves at {server.url}: the page, the API and the SDKs' stream")
    if server.first_token:
        say("the first administrator's token, shown this once and never again:")
        click.echo(server.first_token)
        sys.stdout.flush()
