"""`flaghoist plan | apply`: make the server's flags as flag files say, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.options import connected, environment_option, reason_option, wait_option
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api
    from flaghoist_server.cli.applying import Wanted

__all__ = ["apply", "plan"]

_prune = click.option(
    "--prune",
    is_flag=True,
    help="Remove flags that the files do not have, from the environments that they name.",
)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--out", "target", type=click.Path(dir_okay=False), metavar="PLAN", help="Save it.")
@environment_option
@_prune
@connected
def plan(
    api: Api,
    out: Output,
    files: tuple[str, ...],
    target: str | None,
    environment: str | None,
    prune: bool,
) -> None:
    """Show what applying flag files would change; nothing is changed.

    A plan saved with --out can be applied later: exactly that, or nothing if the state has moved.
    """
    from flaghoist_server.cli.applying import dry_run
    from flaghoist_server.cli.planned import FORMAT, Plan, write_plan

    wanted = _wanted(files, environment, prune)
    answer = dry_run(api, out, wanted)
    if target is not None:
        positions = answer["positions"]
        write_plan(Plan(FORMAT, wanted.file, positions, environment, prune), target)
        say(f"saved the plan; carry it out: flaghoist apply {target}")


@click.command()
@click.argument("files", metavar="FILE...|PLAN", nargs=-1, required=True)
@click.option("--dry-run", "dry", is_flag=True, help="Only show what would change, as plan does.")
@environment_option
@_prune
@reason_option
@wait_option
@connected
def apply(
    api: Api,
    out: Output,
    files: tuple[str, ...],
    dry: bool,
    reason: str,
    wait: float | None,
    **scope: Any,
) -> None:
    """Make the server's flags as the files say: all of it or nothing.

    Flags that the files do not have stay as they are, unless --prune. Takes a plan that was saved
    by `flaghoist plan --out` as well, alone; it is refused if the state has moved since.
    """
    from flaghoist_server.cli.applying import carry_out, dry_run

    wanted = _wanted(files, **scope)
    if wanted.positions and (dry or any(scope.values())):
        raise CommandFailed(
            "a saved plan says itself what it does: leave out -e, --prune and --dry-run", BAD_INPUT
        )
    if dry:
        dry_run(api, out, wanted)
    else:
        carry_out(api, out, wanted, reason, wait)


def _wanted(files: tuple[str, ...], environment: str | None, prune: bool) -> Wanted:
    """What the files say, or the one saved plan among them."""
    from flaghoist_server.cli.applying import Wanted
    from flaghoist_server.cli.planned import read_plan
    from flaghoist_server.cli.sources import Sources, read_texts

    texts = read_texts(files)
    if len(texts) == 1 and (saved := read_plan(texts[0][1], texts[0][0])) is not None:
        return saved.wanted(texts[0][0])
    sources = Sources(texts)
    return Wanted(sources.document, environment, prune, placed=sources.placed_failure)
