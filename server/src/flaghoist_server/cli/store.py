"""`flaghoist store`: a store moved, backed up and brought back, while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.options import printing, reason_option, store_option
from flaghoist_server.cli.stores import author, carry_out, opened
from flaghoist_server.terminal.output import Output

if TYPE_CHECKING:
    from flaghoist_server.store.copy import Copied

__all__ = ["store"]


@click.group()
def store() -> None:
    """A server's store: migrate, backup, restore. These go straight to it, past any server."""


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@printing
def migrate(out: Output, source: str, target: str) -> None:
    """Copy everything into a store that has nothing.

    History and tokens come along, from SQLite to Redis or back:
    `flaghoist store migrate sqlite:///flaghoist.db redis://HOST`.
    The source may be in use; what is written to it meanwhile comes along too.
    """
    from flaghoist_server.store.copy import migrate as copy

    async def work() -> list[Copied]:
        async with opened(source) as old, opened(target, exclusive=True, new=True) as new:
            return await copy(old, new)

    _tell(out, carry_out(work()), "copied")


@store.command()
@click.argument("file", metavar="FILE")
@store_option
@printing
def backup(out: Output, file: str, store_url: str | None) -> None:
    """Write everything into a new file.

    History and tokens come along, and the store may be in use. The file is a store itself.
    """
    from flaghoist_server.store.copy import migrate as copy

    source = _named(store_url)
    if Path(file).exists():
        raise CommandFailed(f"{file} exists already; name a new file", BAD_INPUT)

    async def work() -> list[Copied]:
        async with opened(source) as old, opened(_sqlite(file), exclusive=True, new=True) as new:
            return await copy(old, new)

    _tell(out, carry_out(work()), "saved")


@store.command()
@click.argument("file", metavar="FILE")
@store_option
@reason_option
@printing
def restore(out: Output, file: str, store_url: str | None, reason: str) -> None:
    """Bring the flags of a backup back. Servers may go on running: they take it as a change.

    Nothing is rewritten: each environment gets one more entry, in a new epoch, and every SDK
    takes it whole. What happened since the backup stays in history.
    """
    from flaghoist_server.feed.clock import new_epoch
    from flaghoist_server.store.copy import restore as bring_back

    target = _named(store_url)
    if not Path(file).is_file():
        raise CommandFailed(f"there is no file {file}; name a backup", BAD_INPUT)

    async def work() -> list[Copied]:
        async with opened(_sqlite(file)) as old, opened(target, new=True) as new:
            return await bring_back(old, new, author(reason), new_epoch)

    _tell(out, carry_out(work()), "restored")


def _named(url: str | None) -> str:
    if not url:
        raise CommandFailed("which store? Name it with --store, or set FLAGHOIST_STORE", BAD_INPUT)
    return url


def _sqlite(file: str) -> str:
    return f"sqlite:///{Path(file).absolute()}"


def _tell(out: Output, copied: list[Copied], done: str) -> None:
    rows: list[dict[str, Any]] = [
        {
            "environment": one.head.environment,
            "epoch": one.head.epoch,
            "version": one.head.version,
            "entries": one.entries,
        }
        for one in copied
    ]
    if out.json:
        out.document({"environments": rows})
        return
    out.table(
        ["environment", "version", "entries"],
        [[row["environment"], str(row["version"]), str(row["entries"])] for row in rows],
        empty=f"nothing to be {done}: it has no environment",
    )
