"""`flaghoist flag list | show | history`: look at flags, and at what was done to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.options import connected, environment_option, needed_environment
from flaghoist_server.cli.parameters import Number
from flaghoist_server.console.words.quantities import ago
from flaghoist_server.terminal.cells import Cell
from flaghoist_server.terminal.output import Output
from flaghoist_server.terminal.words import mark, name_of, tone

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["flag"]


@click.group()
def flag() -> None:
    """Flags: list, show, history."""


@flag.command("list")
@environment_option
@connected
def list_(api: Api, out: Output, environment: str | None) -> None:
    """Every flag: what it does now, who has it, who changed it last."""
    from flaghoist_server.cli.api import path

    answer = api.get(path("environments", needed_environment(api, environment), "flags"))
    if out.json:
        out.document(answer)
        return
    now = datetime.now(UTC)
    out.table(
        ["flag", "state", "applied by", "owner", "changed", "by", "reason"],
        [_row(row, now) for row in answer["flags"]],
        empty=f"{answer['environment']} has no flags yet; make some: flaghoist apply FILE",
    )


@flag.command()
@click.argument("key", metavar="KEY")
@environment_option
@connected
def show(api: Api, out: Output, key: str, environment: str | None) -> None:
    """One flag of an environment, as in a flag file."""
    from flaghoist_server.cli.api import flag_path

    answer = api.get(flag_path(needed_environment(api, environment), key))
    if out.json:
        out.document(answer)
        return
    from flaghoist.model.document import FlagDefinition
    from flaghoist.model.flagfile import FORMAT_VERSION, to_yaml

    why = f", “{answer['reason']}”" if answer.get("reason") else ""
    changed = (
        f"{ago(answer['changed_at'], datetime.now(UTC))} by {name_of(answer['changed_by'])}{why}"
    )
    out.line(f"# {key} in {answer['environment']}, version {answer['version']}: {changed}")
    out.line(f"# {answer['digest']}")
    definition = {name: answer[name] for name in FlagDefinition.__struct_fields__ if name in answer}
    out.text(to_yaml({"flaghoist": FORMAT_VERSION, "flags": {key: definition}}))


@flag.command()
@click.argument("key", metavar="KEY")
@click.option("--limit", type=Number(1, 1000), default=20, show_default=True)
@environment_option
@connected
def history(api: Api, out: Output, key: str, limit: int, environment: str | None) -> None:
    """What was done to a flag, newest first.

    Who did it, when and why, and from what to what.
    """
    from flaghoist_server.cli.api import path

    where = path("environments", needed_environment(api, environment), "history")
    answer = api.get(where, key=key, limit=limit)
    if out.json:
        out.document(answer)
        return
    now = datetime.now(UTC)
    out.table(
        ["version", "when", "who", "did", "what", "why"],
        [_entry(change, key, now) for change in answer["changes"]],
        empty=f"nothing was ever done to {key} in {answer['environment']}",
    )


def _row(row: dict[str, Any], now: datetime) -> list[Cell]:
    effective = row["effective"]
    applied = f"{row['applied']} of {row['connected']}"
    return [
        row["key"],
        (f"{mark(effective)} {effective}", tone(effective)),
        applied if row["applied"] >= row["connected"] else (applied, "yellow"),
        row.get("owner", ""),
        ago(row.get("changed_at", ""), now),
        name_of(row.get("changed_by", "")),
        row.get("reason", ""),
    ]


def _entry(change: dict[str, Any], key: str, now: datetime) -> list[Cell]:
    kind = change["kind"]
    return [
        str(change["version"]),
        ago(change["at"], now),
        name_of(change["actor"]),
        (kind, "red") if kind == "kill" else kind,
        "; ".join(_what(change.get("flags", {}).get(key) or {})),
        change.get("reason", "") or change.get("note", ""),
    ]


def _what(edit: dict[str, Any]) -> list[str]:
    import msgspec

    from flaghoist.model.flag import Flag
    from flaghoist_server.console.words.differences import differences

    before, after = (
        msgspec.convert(edit[side], Flag) if edit.get(side) is not None else None
        for side in ("before", "after")
    )
    return differences(before, after)
