"""`flaghoist watch`: what changes in an environment and how the fleet follows, as it happens.

It goes on for good: when the server goes away it says so, and says when it is back. In a pipe
each thing that happens is a line of its own; on a terminal the flags stand still and change.
"""

from __future__ import annotations

import contextlib
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import click

from flaghoist_server.cli.failure import CommandFailed
from flaghoist_server.cli.options import connected, environment_option, needed_environment
from flaghoist_server.terminal.cells import is_terminal
from flaghoist_server.terminal.output import Output, say
from flaghoist_server.terminal.words import mark, name_of, tone

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["watch"]

RETRY_SECONDS = 1.0


class Watcher(Protocol):
    """What is done with an event of the server's stream."""

    def see(self, event: str, data: dict[str, Any]) -> None:
        """One event: `state`, `fleet` or `counts`."""


@click.command()
@environment_option
@connected
def watch(api: Api, out: Output, environment: str | None) -> None:
    """Changes and the fleet, live; end it with Ctrl-C.

    With --json, one document a line: {"event": "state" | "fleet" | "counts", …}.
    """
    from flaghoist_server.cli.api import path

    where = path("environments", needed_environment(api, environment), "live")
    with contextlib.suppress(KeyboardInterrupt):
        if out.json:
            _follow(api, where, JsonLines(out))
        elif is_terminal(sys.stdout):
            from flaghoist_server.cli.board import Board

            with Board() as board:
                _follow(api, where, board)
        else:
            _follow(api, where, Lines(out))


def _follow(api: Api, where: str, watcher: Watcher) -> None:
    """Show the stream's events, and take it up again whenever it breaks off."""
    seen = away = False
    while True:
        try:
            for event, data in api.events(where):
                if away:
                    say("the server is back")
                seen, away = True, False
                watcher.see(event, data)
        except CommandFailed as failure:
            if not seen or "status" in failure.details:
                raise
            if not away:
                say(f"{failure.message}; watching goes on when it is back")
        away = True
        time.sleep(RETRY_SECONDS)


class JsonLines:
    """Every event as it is."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def see(self, event: str, data: dict[str, Any]) -> None:
        """Print it on one line."""
        self._out.json_line({"event": event, **data})


class Lines:
    """A line for each flag that changes, and for each time that the fleet has moved."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def see(self, event: str, data: dict[str, Any]) -> None:
        """Print what is new in it; rates are for eyes and left out here."""
        if event == "state":
            for row in data["flags"]:
                self._flag(row)
            for key in data["removed"]:
                self._line(f"{key} removed, version {data['version']}")
        elif event == "fleet":
            applied = f"{data['applied']} of {data['connected']} SDKs"
            self._line(f"fleet: {applied} at version {data['version']}")

    def _flag(self, row: dict[str, Any]) -> None:
        effective = row["effective"]
        by = f"version {row['version']} by {name_of(row['changed_by'])}"
        why = f" “{row['reason']}”" if row.get("reason") else ""
        self._line(row["key"], (f"{mark(effective)} {effective}", tone(effective)), by + why)

    def _line(self, *cells: str | tuple[str, str]) -> None:
        self._out.line(f"{datetime.now().astimezone():%H:%M:%S}", *cells)
        sys.stdout.flush()
