"""`flaghoist fleet`: the connected SDKs, and at which version each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.options import connected, environment_option, needed_environment
from flaghoist_server.console.words.quantities import plural
from flaghoist_server.terminal.cells import Cell
from flaghoist_server.terminal.output import Output
from flaghoist_server.terminal.words import seconds

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["fleet", "fleet_rows"]

HEADINGS = ("instance", "app", "build", "sdk", "version", "lag")


@click.command()
@environment_option
@connected
def fleet(api: Api, out: Output, environment: str | None) -> None:
    """The connected SDKs: application, build, and the version that each has applied."""
    from flaghoist_server.cli.api import path

    answer = api.get(path("environments", needed_environment(api, environment), "fleet"))
    if out.json:
        out.document(answer)
        return
    rows = fleet_rows(answer)
    out.table(HEADINGS, rows, empty=f"no SDK is connected to {answer['environment']}")
    if rows:
        current = sum(row["version"] >= answer["version"] for row in answer["instances"])
        out.line(f"{current} of {plural(len(rows), 'SDK')} at version {answer['version']}")


def fleet_rows(answer: dict[str, Any]) -> list[list[Cell]]:
    """A row an SDK; those that are behind stand out."""
    return [
        [
            row["instance"],
            row["app"] or "-",
            row["build"] or "-",
            row["sdk"],
            str(row["version"])
            if row["version"] >= answer["version"]
            else (str(row["version"]), "yellow"),
            seconds(row["lag_seconds"]) if row["lag_seconds"] else "-",
        ]
        for row in sorted(answer["instances"], key=lambda row: (row["app"], row["instance"]))
    ]
