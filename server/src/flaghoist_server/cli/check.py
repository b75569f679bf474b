"""`flaghoist check`: what is wrong in flag files, found where they are written; needs no server."""

from __future__ import annotations

import click

from flaghoist_server.cli.options import printing
from flaghoist_server.terminal.output import Output

__all__ = ["check"]


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@printing
def check(out: Output, files: tuple[str, ...]) -> None:
    """Find what is wrong in flag files, with file, line and column; needs no server.

    Several files are read as one; - is standard input.
    """
    from flaghoist.model.document import environments_of
    from flaghoist_server.cli.sources import Sources, read_texts
    from flaghoist_server.console.words.quantities import plural

    file = Sources(read_texts(files)).file
    environments = environments_of(file)
    if out.json:
        out.document(
            {
                "problems": [],
                "flags": len(file.flags),
                "segments": len(file.segments),
                "environments": environments,
            }
        )
        return
    has = f"{plural(len(file.flags), 'flag')}, {plural(len(file.segments), 'segment')}"
    out.line(("✓", "green"), f"{has}; {', '.join(environments) or 'no environment'}")
