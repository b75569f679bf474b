"""`flaghoist export`: the server's flags as a flag file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flaghoist_server.cli.files import write
from flaghoist_server.cli.options import connected, environment_option
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["export"]


@click.command()
@environment_option
@click.option("--out", "target", type=click.Path(dir_okay=False), help="Write to this file.")
@connected
def export(api: Api, out: Output, environment: str | None, target: str | None) -> None:
    """Print the server's flags as a flag file, of one environment or of all.

    YAML, or JSON with --json or into a file that is called .json.
    """
    from flaghoist.model.flagfile import to_json, to_yaml
    from flaghoist_server.console.words.quantities import plural

    file = api.get("/api/v1/export", environment=environment)
    as_json = out.json or (target or "").endswith(".json")
    text = to_json(file) if as_json else to_yaml(file)
    if target is None:
        out.text(text)
        return
    write(target, text)
    say(f"wrote {plural(len(file['flags']), 'flag')} to {target}")
