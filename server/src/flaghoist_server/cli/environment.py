"""`flaghoist env`: environments, each with flags of its own behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flaghoist_server.cli.options import connected
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["env"]


@click.group()
def env() -> None:
    """Environments: places with flags of their own behaviour."""


@env.command()
@click.argument("name")
@connected
def create(api: Api, out: Output, name: str) -> None:
    """Make an environment, such as production. A new one has no flags."""
    answer = api.post("/api/v1/environments", {"name": name})
    if out.json:
        out.document(answer)
    else:
        out.line(f"made environment {name}")


@env.command("list")
@connected
def list_(api: Api, out: Output) -> None:
    """The environments, and how many SDKs each has."""
    answer = api.get("/api/v1/environments")
    if out.json:
        out.document(answer)
        return
    out.table(
        ["environment", "version", "flags", "SDKs"],
        [
            [
                row["environment"],
                f"{row['version']:,}",
                f"{row['flags']:,}",
                f"{row['connected']:,}",
            ]
            for row in answer["environments"]
        ],
        empty="there is no environment yet; make one: flaghoist env create production",
    )
