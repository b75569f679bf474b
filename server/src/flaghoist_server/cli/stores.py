"""Commands that go straight to a store: opened here, closed again, and its refusals in one line."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from flaghoist.model.digest import digest
from flaghoist_server.change.change import Change
from flaghoist_server.change.commands import Author, CommandError
from flaghoist_server.cli.failure import CommandFailed
from flaghoist_server.feed.clock import utc_now
from flaghoist_server.store.direct import kill_direct
from flaghoist_server.store.open import open_store
from flaghoist_server.store.port import Store, StoreError

__all__ = ["author", "carry_out", "kill_in", "opened"]

Result = TypeVar("Result")
_SQLITE = "sqlite:///"


def carry_out(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end. Raises: CommandFailed, for what the store or the command refuses."""
    try:
        return asyncio.run(work)
    except (CommandError, StoreError) as error:
        raise CommandFailed(str(error)) from error


@contextlib.asynccontextmanager
async def opened(url: str, *, exclusive: bool = False, new: bool = False) -> AsyncIterator[Store]:
    """The store at `url`; beside a running server unless `exclusive`.

    Raises: StoreError, also when it is a file that is not there and may not be `new`.
    """
    store = open_store(url, exclusive=exclusive)
    if not new:
        _demand_file(url)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


def _demand_file(url: str) -> None:
    """A path with a slip in it would otherwise be a new and empty store."""
    file = Path(url.removeprefix(_SQLITE))
    if url.startswith(_SQLITE) and not file.is_file():
        raise StoreError(f"there is no file {file}; is it the path that the server was given?")


def author(reason: str) -> Author:
    """Who sits at this terminal, as history will name them: nobody has checked a token."""
    return Author(f"{_user()} (direct)", utc_now(), reason)


def kill_in(url: str, environment: str, key: str, reason: str) -> dict[str, Any]:
    """Kill a flag in the store itself; the answer is one of a change, with no receipt."""

    async def work() -> tuple[Change | None, int]:
        async with opened(url) as store:
            return await kill_direct(store, environment, key, author(reason))

    change, version = carry_out(work())
    document = change.flags[key].new if change is not None else None
    return {
        "environment": environment,
        "key": key,
        "version": version,
        "digest": digest(document) if document else None,
        "changed": change is not None,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "somebody"
