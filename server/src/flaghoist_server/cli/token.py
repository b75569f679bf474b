"""`flaghoist token`: who may do what, and in which environment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.change.roles import ROLES
from flaghoist_server.cli.api import path
from flaghoist_server.cli.options import connected, needed_environment
from flaghoist_server.cli.parameters import Lifetime
from flaghoist_server.console.words.quantities import ago
from flaghoist_server.terminal.cells import Cell
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["token"]


@click.group()
def token() -> None:
    """Tokens: who may do what, and in which environment."""


@token.command()
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option(
    "-e", "--environment", "--env", metavar="ENV", help="Only there. Left out: everywhere."
)
@click.option("--name", default="", help="What it is for, as lists and history show it.")
@click.option("--expires-in", type=Lifetime(), metavar="90d", help="Left out: never.")
@connected
def create(
    api: Api,
    out: Output,
    role: str,
    environment: str | None,
    name: str,
    expires_in: int | None,
) -> None:
    """Make a token and print it, alone on stdout.

    It is never shown again.

    Roles: admin, editor (apply), operator (on, off, kill, ramp, undo), viewer (look), sdk, client
    (remote evaluation from browsers). A token for SDKs belongs to one environment.
    """
    if role in ("sdk", "client"):
        environment = needed_environment(api, environment)
    body: dict[str, Any] = {"role": role, "environment": environment, "name": name}
    body["expires_in_seconds"] = expires_in
    answer = api.post(
        "/api/v1/tokens", {key: value for key, value in body.items() if value not in (None, "")}
    )
    if out.json:
        out.document(answer)
        return
    click.echo(answer["token"])
    where = f" in {environment}" if environment else ""
    say(f"made token {answer['id']}, {role}{where}; keep it now, it is not shown again")


@token.command("list")
@connected
def list_(api: Api, out: Output) -> None:
    """The tokens: never their secrets."""
    answer = api.get("/api/v1/tokens")
    if out.json:
        out.document(answer)
        return
    out.table(
        ["id", "role", "environment", "name", "made", "state"],
        [_row(record, datetime.now(UTC)) for record in answer["tokens"]],
        empty="there is no token yet",
    )


@token.command()
@click.argument("id", metavar="ID")
@connected
def revoke(api: Api, out: Output, id: str) -> None:  # noqa: A002  # the name of the argument
    """Make a token invalid at once.

    SDKs that are connected with it are cut off within five seconds.
    """
    answer = api.delete(path("tokens", id))
    if out.json:
        out.document(answer or {"id": id, "revoked": True})
    else:
        out.line(f"revoked token {id}")


def _row(record: dict[str, Any], now: datetime) -> list[Cell]:
    return [
        record["id"],
        record["role"],
        record.get("environment") or "(all)",
        record.get("name") or "",
        ago(record.get("created_at") or "", now),
        _state(record, now),
    ]


def _state(record: dict[str, Any], now: datetime) -> Cell:
    revoked, expires = record.get("revoked_at"), record.get("expires_at")
    if revoked:
        return f"revoked {ago(revoked, now)}", "bright_black"
    if not expires:
        return "valid", "green"
    if datetime.fromisoformat(expires) <= now:
        return f"expired {ago(expires, now)}", "bright_black"
    return f"valid until {expires[:16].replace('T', ' ')}", "green"
