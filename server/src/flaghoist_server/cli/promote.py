"""`flaghoist promote`: what flags do in one environment, they shall do in another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.options import connected, reason_option, wait_option
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["promote"]


@click.command()
@click.argument("places", metavar="FROM TO", nargs=2)
@click.argument("keys", metavar="[KEY...]", nargs=-1)
@click.option("--dry-run", "dry", is_flag=True, help="Only show what would change.")
@reason_option
@wait_option
@connected
def promote(
    api: Api,
    out: Output,
    places: tuple[str, str],
    keys: tuple[str, ...],
    dry: bool,
    reason: str,
    wait: float | None,
) -> None:
    """Give one environment's flags to another: all of them, or those that are named.

    State, targets, rules and default are taken over as they are, also of a flag that was killed
    there: look first with --dry-run. What only TO has stays. All of it or nothing.
    """
    from flaghoist_server.cli.applying import Wanted, carry_out, dry_run

    source, target = places
    if source == target:
        raise CommandFailed("FROM and TO are the same environment", BAD_INPUT)
    file = api.get("/api/v1/export", environment=source)
    wanted = Wanted(_for_environment(file, source, target, keys), target)
    if dry:
        dry_run(api, out, wanted)
    else:
        carry_out(api, out, wanted, reason or f"promoted from {source}", wait)


def _for_environment(
    file: dict[str, Any], source: str, target: str, keys: tuple[str, ...]
) -> dict[str, Any]:
    """The file with the flags of these keys, or all, and the segments that they use."""
    known = file.get("flags") or {}
    flags = {key: _known(known, key, source) for key in keys} or known
    flags = {
        key: {**flag, "environments": {target: flag["environments"][source]}}
        for key, flag in flags.items()
    }
    segments = file.get("segments") or {}
    used = set(_segments_in(flags))
    while more := set(_segments_in([segments[name] for name in used])) - used:
        used |= more
    return {**file, "flags": flags, "segments": {n: segments[n] for n in segments if n in used}}


def _known(flags: dict[str, Any], key: str, environment: str) -> Any:
    if key in flags:
        return flags[key]
    from flaghoist.model.names import nearest

    close = nearest(key, flags)
    hint = f"; did you mean {close!r}?" if close else ""
    raise CommandFailed(f"there is no flag {key!r} in {environment}{hint}")


def _segments_in(part: Any) -> Iterator[str]:
    """The names of segments, wherever conditions stand in this part of a document."""
    if isinstance(part, dict):
        if isinstance(name := part.get("segment"), str):
            yield name
        part = part.values()
    elif not isinstance(part, list):
        return
    for inner in part:
        yield from _segments_in(inner)
