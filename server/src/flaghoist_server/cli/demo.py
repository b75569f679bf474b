"""`flaghoist demo`: checks what it was asked for, then puts on the show."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path

import click

from flaghoist_server.cli.failure import CommandFailed
from flaghoist_server.cli.parameters import Number
from flaghoist_server.terminal.cells import is_terminal

__all__ = ["demo"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the page is served.")
@click.option(
    "--port", type=Number(1, 65535), default=8700, show_default=True, help="And its port."
)
@click.option(
    "--for",
    "seconds",
    type=Number(0.0, 86_400.0),
    metavar="SECONDS",
    help="End by itself after this time; left out: on Ctrl-C.",
)
@click.option("--traffic/--no-traffic", default=True, help="Whether visitors come to the shop.")
def demo(host: str, port: int, seconds: float | None, traffic: bool) -> None:
    """See it work: a server, its page, and a storefront of four processes with visitors.

    Nothing has to be set up, and nothing is left behind: all of it lives in a temporary directory
    and ends with Ctrl-C.
    """
    import asyncio

    from flaghoist_server.demo.failure import DemoFailed
    from flaghoist_server.demo.shows import LinesShow, ScreenShow
    from flaghoist_server.demo.stage import Stage, Wishes

    _demand_free(host, port)
    wishes = Wishes(
        host=host,
        port=port,
        token=os.environ.get("FLAGHOIST_ADMIN_TOKEN") or f"demo-{secrets.token_urlsafe(16)}",
        command=_command(),
        seconds=seconds,
        traffic=traffic,
    )
    show = ScreenShow() if is_terminal(sys.stdout) else LinesShow()
    try:
        asyncio.run(Stage(wishes, show).run())
    except DemoFailed as failure:
        raise CommandFailed(str(failure)) from failure


def _demand_free(host: str, port: int) -> None:
    """Raises: CommandFailed where nothing can be served there."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        if isinstance(error, socket.gaierror):
            raise CommandFailed(f"{host!r} is no address of this machine; see --host") from error
        raise CommandFailed(
            f"port {port} on {host} cannot be had: {os.strerror(error.errno or 0).lower()}"
            f" (another demo?); name another: {_command()} demo --port {_another(port)}"
        ) from error


def _another(port: int) -> int:
    return port + 10 if port + 10 <= 65535 else port - 10


def _command() -> str:
    """How this command is called from here, so that what is printed can be copied and run."""
    called = Path(sys.argv[0])
    if called.name != "flaghoist":
        return f"{sys.executable} -m flaghoist_server.cli.main"
    found = shutil.which("flaghoist")
    if found and Path(found).resolve() == called.resolve():
        return "flaghoist"
    with contextlib.suppress(ValueError):
        return str(called.absolute().relative_to(Path.cwd()))
    return str(called.absolute())
