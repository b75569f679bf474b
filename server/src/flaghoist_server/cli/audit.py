"""`flaghoist audit verify`: proves that the history is whole and unaltered.

The chain is walked here and not by the server that is to be checked: every entry is fetched,
hashed and held against the one before it. What a chain cannot show by itself is that its end was
cut off; for that, a hash that was written down earlier is demanded with `--expect`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import REFUSED
from flaghoist_server.cli.options import connected, environment_option, store_option
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist_server.change.change import Change
    from flaghoist_server.cli.api import Api
    from flaghoist_server.store.port import Store

__all__ = ["audit"]

PAGE = 1000


@click.group()
def audit() -> None:
    """The history, and whether it can be trusted."""


@audit.command()
@environment_option
@store_option
@click.option(
    "--expect", metavar="HASH", help="An entry's hash that was noted earlier, and must be there."
)
@connected
def verify(
    api: Api, out: Output, environment: str | None, store_url: str | None, expect: str | None
) -> None:
    """Prove that the history is whole and unaltered.

    Of one environment, or of all. Asks the server, or reads the store itself with --store (a
    backup, for example). Note the hash that it prints somewhere else: with --expect, a history
    whose end was cut off is found out.
    """
    from flaghoist_server.cli.stores import carry_out

    if store_url:
        logs = carry_out(_logs_of_store(store_url, environment))
    else:
        logs = _logs_of_server(api, environment)
    reports = [_report(name, changes) for name, changes in logs.items()]
    found = expect is None or any(
        change.hash == expect for changes in logs.values() for change in changes
    )
    if out.json:
        out.document({"environments": reports, "expected": found})
    else:
        _tell(out, reports, expect, found)
    if not found or any(report["breaks"] for report in reports):
        raise click.exceptions.Exit(REFUSED)


def _report(environment: str, changes: list[Change]) -> dict[str, Any]:
    from flaghoist_server.change.audit import verify as breaks_of

    return {
        "environment": environment,
        "entries": len(changes),
        "version": changes[-1].version if changes else 0,
        "hash": changes[-1].hash if changes else "",
        "breaks": [{"version": b.version, "what": b.what} for b in breaks_of(changes)],
    }


def _tell(out: Output, reports: list[dict[str, Any]], expect: str | None, found: bool) -> None:
    for report in reports:
        entries = "1 entry" if report["entries"] == 1 else f"{report['entries']} entries"
        has = f"{report['environment']}: {entries}"
        if report["breaks"]:
            out.line(("✗", "red"), f"{has}, and they are not what was written:")
            for broken in report["breaks"]:
                out.line("   ", f"version {broken['version']}: {broken['what']}")
        else:
            out.line(("✓", "green"), f"{has}, whole and unaltered, up to {report['hash']}")
    if not found:
        out.line(("✗", "red"), f"no entry has the hash {expect}: history was cut off or replaced")


def _logs_of_server(api: Api, environment: str | None) -> dict[str, list[Change]]:
    """Each environment's log from its first entry on, as the server tells it."""
    names = (
        [environment]
        if environment
        else [row["environment"] for row in api.get("/api/v1/environments")["environments"]]
    )
    return {name: _told(api, name) for name in names}


def _told(api: Api, environment: str) -> list[Change]:
    from flaghoist_server.cli.api import path
    from flaghoist_server.cli.history_page import entries_of, with_parents

    where = path("environments", environment, "history")
    newest_first: list[Change] = []
    while True:
        before = newest_first[-1].version if newest_first else None
        page = entries_of(api.get_bytes(where, limit=PAGE, before=before))
        if not page:
            return with_parents(newest_first[::-1])
        newest_first += page


async def _logs_of_store(url: str, environment: str | None) -> dict[str, list[Change]]:
    from flaghoist_server.cli.stores import opened

    async with opened(url) as store:
        names = [environment] if environment else [h.environment for h in await store.heads()]
        return {name: await _log(store, name) for name in names}


async def _log(store: Store, environment: str) -> list[Change]:
    log: list[Change] = []
    while page := await store.read(environment, log[-1].version if log else 0, PAGE):
        log += page
    return log
