"""`flaghoist recover`: after the store has lost something, put back what a server still knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.api import path
from flaghoist_server.cli.failure import CommandFailed
from flaghoist_server.cli.options import connected, reason_option
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["recover"]


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what the server knows.")
@click.option(
    "--accept-data-loss",
    is_flag=True,
    help="The other way: go to what the store has, and let go of what the server knows.",
)
@reason_option
@connected
def recover(api: Api, out: Output, dry_run: bool, accept_data_loss: bool, reason: str) -> None:
    """Put back into the store what the server still knows and the store has lost.

    A store that was emptied gets every environment again, in a new epoch, and the tokens. Entries
    that a failover or an old backup has lost are made again, except for flags that somebody has
    changed since. Ask the server that ran when it happened: it knows what it was following.
    """
    known = api.get(path("recover"))
    if dry_run or not (known["held"] or known["lost"]):
        _show(out, known)
        return
    for held in known["held"]:
        say(held["because"])
    answer = api.post(path("recover"), {"accept_data_loss": accept_data_loss, "reason": reason})
    if out.json:
        out.document(answer)
    elif accept_data_loss:
        _tell_accepted(out, known, answer["accepted"])
    else:
        _tell_recovered(out, answer["recovered"])


def _show(out: Output, known: dict[str, Any]) -> None:
    if out.json:
        out.document(known)
        return
    rows = [
        [held["environment"], "not in the store", str(held["version"]), f"{held['flags']} flags"]
        for held in known["held"]
    ]
    for lost in known["lost"]:
        keys = sorted({key for change in lost["changes"] for key in change["flags"]})
        what = f"{len(lost['changes'])} changes lost"
        rows.append([lost["environment"], what, str(lost["had"]), ", ".join(keys)])
    out.table(
        ["environment", "what", "known version", "of"],
        rows,
        empty="the store has everything that this server knows",
    )


def _tell_accepted(out: Output, known: dict[str, Any], accepted: list[str]) -> None:
    for name in accepted:
        out.line(f"{name}: follows the store now")
    left = sorted({held["environment"] for held in known["held"]} - set(accepted))
    if left:
        raise CommandFailed(
            f"the store does not know {', '.join(left)} at all, and an empty environment is never "
            f"served in the place of a known one: recover it, or restart the server without mirror"
        )


def _tell_recovered(out: Output, recovered: list[dict[str, Any]]) -> None:
    for one in recovered:
        skipped = one["skipped"]
        since = f"; changed since, and left as they are: {', '.join(skipped)}" if skipped else ""
        out.line(
            f"{one['environment']}: {len(one['flags'])} flags put back, version "
            f"{one['version']:,}{since}"
        )
