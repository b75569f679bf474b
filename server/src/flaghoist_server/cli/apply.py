"""`flaghoist plan | apply`: make the server's flags as flag files say, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.options import connected, environment_option, reason_option, wait_option
from flaghoist_server.cli.receipt import demand_all, receipt_line, waiting
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api
    from flaghoist_server.cli.sources import Sources

__all__ = ["apply", "plan"]

_SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}

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
    from flaghoist_server.cli.planned import FORMAT, Plan, write_plan
    from flaghoist_server.cli.sources import Sources, read_texts

    sources = Sources(read_texts(files))
    answer = _dry_run(api, out, sources, environment, prune)
    if target is not None:
        positions = answer["positions"]
        write_plan(Plan(FORMAT, sources.document, positions, environment, prune), target)
        say(f"saved the plan; carry it out: flaghoist apply {target}")


@click.command()
@click.argument("files", metavar="FILE...|PLAN", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what would change, as plan does.")
@environment_option
@_prune
@reason_option
@wait_option
@connected
def apply(
    api: Api, out: Output, files: tuple[str, ...], dry_run: bool, wait: float | None, **body: Any
) -> None:
    """Make the server's flags as the files say: all of it or nothing.

    Flags that the files do not have stay as they are, unless --prune. Takes a plan that was saved
    by `flaghoist plan --out` as well, alone; it is refused if the state has moved since.
    """
    from flaghoist_server.cli.planned import read_plan
    from flaghoist_server.cli.sources import Sources, read_texts

    texts = read_texts(files)
    saved = read_plan(texts[0][1], texts[0][0]) if len(texts) == 1 else None
    if saved is not None:
        if dry_run or body["prune"] or body["environment"]:
            raise CommandFailed(
                "a saved plan says itself what it does: leave out -e, --prune and --dry-run",
                BAD_INPUT,
            )
        _carry_out(api, out, body | saved.request(), wait, lambda failure: failure)
        return
    sources = Sources(texts)
    if dry_run:
        _dry_run(api, out, sources, body["environment"], body["prune"])
    else:
        _carry_out(api, out, body | {"file": sources.document}, wait, sources.placed_failure)


def _carry_out(
    api: Api,
    out: Output,
    body: dict[str, Any],
    wait: float | None,
    placed: Callable[[CommandFailed], CommandFailed],
) -> None:
    """Apply it, and say what came of it in each environment."""
    shown = body["environment"] or next(iter(_environments(body["file"])), "")
    try:
        with waiting(api, shown, wait):
            answer = api.post("/api/v1/apply", body, wait=wait)
    except CommandFailed as failure:
        raise placed(failure) from failure
    if out.json:
        out.document(answer)
    else:
        _tell(out, answer, {})
    receipts = [
        {"environment": change["environment"], **change.get("receipt", {})}
        for change in answer["changes"]
    ]
    demand_all(receipts, wait)


def _dry_run(
    api: Api, out: Output, sources: Sources, environment: str | None, prune: bool
) -> dict[str, Any]:
    """Ask what would change, and show it with what is different in each flag."""
    body = {"file": sources.document, "environment": environment, "prune": prune, "dry_run": True}
    try:
        answer: dict[str, Any] = api.post("/api/v1/apply", body)
    except CommandFailed as failure:
        raise sources.placed_failure(failure) from failure
    if out.json:
        out.document(answer)
        return answer
    _tell(out, answer, _details(api, sources, answer))
    return answer


def _tell(out: Output, answer: dict[str, Any], details: dict[tuple[str, str], list[str]]) -> None:
    for note in answer.get("notes", ()):
        say(f"note: {note}", "yellow")
    if not answer["changes"]:
        out.line(("=", "green"), "nothing to change: the server has it so already")
    planned = answer["dry_run"]
    for change in answer["changes"]:
        verb = "would be" if planned else "is"
        out.line(f"{change['environment']} {verb} at version {change['version']}:")
        for kind, names in (("", change["flags"]), ("segment ", change["segments"])):
            _tell_names(out, change["environment"], kind, names, details)
        if "receipt" in change:
            out.line(*receipt_line(change["receipt"]))


def _tell_names(
    out: Output,
    environment: str,
    kind: str,
    names: dict[str, list[str]],
    details: dict[tuple[str, str], list[str]],
) -> None:
    for how, sign in _SIGNS.items():
        for name in names[how]:
            out.line(" ", sign, f"{kind}{name}")
            for line in details.get((environment, f"{kind}{name}"), ()):
                out.line("       ", (line, "bright_black"))


def _details(
    api: Api, sources: Sources, answer: dict[str, Any]
) -> dict[tuple[str, str], list[str]]:
    """What is different in each flag that would be changed, by environment and key."""
    from flaghoist.model.flagfile import environment_of
    from flaghoist_server.cli.export import environment_now
    from flaghoist_server.console.words.differences import differences

    details: dict[tuple[str, str], list[str]] = {}
    for change in answer["changes"]:
        environment = change["environment"]
        if not change["flags"]["changed"]:
            continue
        now, _ = environment_now(api, environment)
        then, _ = environment_of(sources.file, environment)
        for key in change["flags"]["changed"]:
            if key in then:
                details[environment, key] = differences(now.get(key), then[key])
            else:
                details[environment, key] = ["what all environments share of it"]
    return details


def _environments(document: dict[str, Any]) -> list[str]:
    """The environments that a flag file names."""
    flags = document.get("flags") or {}
    return [name for flag in flags.values() for name in flag.get("environments") or {}]
