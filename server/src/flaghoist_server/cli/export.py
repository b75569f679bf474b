"""`flaghoist export | diff`: the server's flags as a flag file, and two environments compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flaghoist_server.cli.failure import BAD_INPUT, REFUSED, CommandFailed
from flaghoist_server.cli.options import connected, environment_option
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist.model.flag import Flag, Segment
    from flaghoist_server.cli.api import Api

__all__ = ["diff", "environment_now", "export"]


@click.command()
@environment_option
@click.option("--out", "target", type=click.Path(dir_okay=False), help="Write to this file.")
@connected
def export(api: Api, out: Output, environment: str | None, target: str | None) -> None:
    """Print the server's flags as a flag file, of one environment or of all.

    YAML, or JSON with --json or into a file that is called .json.
    """
    from flaghoist.model.flagfile import to_json, to_yaml

    file = api.get("/api/v1/export", environment=environment)
    as_json = out.json or (target or "").endswith(".json")
    text = to_json(file) if as_json else to_yaml(file)
    if target is None:
        out.text(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"cannot write {target}: {error.strerror}", BAD_INPUT) from error
    say(f"wrote {len(file['flags'])} flags to {target}")


@click.command()
@click.argument("first", metavar="ENV")
@click.argument("second", metavar="ENV")
@click.option("--exit-code", is_flag=True, help="Exit 1 if there is a difference, for scripts.")
@connected
def diff(api: Api, out: Output, first: str, second: str, exit_code: bool) -> None:
    """Compare two environments: which flags differ, and in what."""
    left, right = environment_now(api, first), environment_now(api, second)
    found = dict(_differing(left, right))
    if out.json:
        out.document({"environments": [first, second], "flags": found})
    elif not found:
        out.line(("=", "green"), f"{first} and {second} have the same flags")
    else:
        out.line((f"{first} → {second}", "bright_black"))
    for key, lines in ({} if out.json else found).items():
        out.line((key, "yellow"))
        for line in lines:
            out.text(f"  {line}")
    if found and exit_code:
        raise click.exceptions.Exit(REFUSED)


def environment_now(api: Api, environment: str) -> tuple[Mapping[str, Flag], Mapping[str, Segment]]:
    """The flags and segments of an environment, as the server has them."""
    from flaghoist.model.flagfile import environment_of, parse_flag_document

    return environment_of(
        parse_flag_document(api.get("/api/v1/export", environment=environment)), environment
    )


def _differing(
    left: tuple[Mapping[str, Flag], Mapping[str, Segment]],
    right: tuple[Mapping[str, Flag], Mapping[str, Segment]],
) -> Iterator[tuple[str, list[str]]]:
    from flaghoist_server.console.words.differences import differences

    (ours, our_segments), (theirs, their_segments) = left, right
    for key in sorted({*ours, *theirs}):
        if ours.get(key) != theirs.get(key):
            yield key, differences(ours.get(key), theirs.get(key))
    for name in sorted({*our_segments, *their_segments}):
        one, other = our_segments.get(name), their_segments.get(name)
        if one != other:
            yield f"segment {name}", _segment_words(one, other)


def _segment_words(ours: Segment | None, theirs: Segment | None) -> list[str]:
    from flaghoist_server.console.words.conditions import condition

    def said(segment: Segment | None) -> str:
        return condition(segment.when) if segment else "none"

    return [f"{said(ours)} → {said(theirs)}"]
