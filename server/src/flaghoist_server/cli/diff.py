"""`flaghoist diff`: two environments compared, flag by flag, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

from flaghoist_server.cli.failure import REFUSED
from flaghoist_server.cli.options import connected
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist.model.flag import Flag, Segment
    from flaghoist_server.cli.api import Api

__all__ = ["Contents", "contents_of", "diff"]


class Contents(NamedTuple):
    """What an environment has."""

    environment: str
    flags: Mapping[str, Flag]
    segments: Mapping[str, Segment]


@click.command()
@click.argument("first", metavar="ENV")
@click.argument("second", metavar="ENV")
@click.option("--exit-code", is_flag=True, help="Exit 1 if there is a difference, for scripts.")
@connected
def diff(api: Api, out: Output, first: str, second: str, exit_code: bool) -> None:
    """Compare two environments: which flags differ, and in what."""
    found = dict(_differing(contents_of(api, first), contents_of(api, second)))
    if out.json:
        out.document({"environments": [first, second], "flags": found})
    else:
        _tell(out, first, second, found)
    if found and exit_code:
        raise click.exceptions.Exit(REFUSED)


def contents_of(api: Api, environment: str) -> Contents:
    """The environment's flags and segments, as the server has them now."""
    from flaghoist.model.flagfile import environment_of, parse_flag_document

    file = parse_flag_document(api.get("/api/v1/export", environment=environment))
    return Contents(environment, *environment_of(file, environment))


def _tell(out: Output, first: str, second: str, found: dict[str, list[str]]) -> None:
    if not found:
        out.line(("=", "green"), f"{first} and {second} have the same flags")
        return
    out.line((f"{first} → {second}", "bright_black"))
    for key, lines in found.items():
        out.line((key, "yellow"))
        for line in lines:
            out.line(" ", line)


def _differing(left: Contents, right: Contents) -> Iterator[tuple[str, list[str]]]:
    from flaghoist_server.console.words.conditions import condition
    from flaghoist_server.console.words.differences import differences

    for key in sorted({*left.flags, *right.flags}):
        ours, theirs = left.flags.get(key), right.flags.get(key)
        if ours is None or theirs is None:
            yield key, [_only_in(left if ours else right)]
        elif ours != theirs:
            yield key, differences(ours, theirs)
    for name in sorted({*left.segments, *right.segments}):
        one, other = left.segments.get(name), right.segments.get(name)
        if one is None or other is None:
            yield f"segment {name}", [_only_in(left if one else right)]
        elif one != other:
            yield f"segment {name}", [f"{condition(one.when)} → {condition(other.when)}"]


def _only_in(contents: Contents) -> str:
    return f"only in {contents.environment}"
