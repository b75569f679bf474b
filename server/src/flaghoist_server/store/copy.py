"""Logs from one store to another: migration, backup and restore, while both are in use.

A copy is the log itself, entry by entry, with versions, epochs and hashes as they are, and it is
checked on the way: what does not follow is not copied. So a backup of any store is a SQLite
store with the same history, and a migration is a copy into a store that has nothing yet.

A restore never rewrites history. For an environment that the target has, it is one more entry,
from what is there to what the backup had, which begins a new epoch; so every server and every
SDK takes it as a whole, and what was between is still in the log. Tokens that the target does
not have are added, others are left as they are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec

from flaghoist_server.change.audit import chain, hash_of
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.commands import Author
from flaghoist_server.change.fold import NotNext, empty, follows, head_of
from flaghoist_server.change.state import Head, State
from flaghoist_server.store.port import Conflict, Store, StoreError, StoreUnavailable

__all__ = ["Copied", "copy_logs", "difference", "migrate", "restore", "restoring"]

_PAGE = 500
_ATTEMPTS = 100
"""Races that a restore may lose to those who go on writing."""


class Copied(msgspec.Struct, frozen=True):
    """One environment that was copied or restored: where it stands now, and how many entries."""

    head: Head
    entries: int


async def migrate(source: Store, target: Store) -> list[Copied]:
    """Copy everything into a store that has nothing. What is written meanwhile comes along.

    Raises:
        StoreError: the target is not empty, or the source's history is broken.
    """
    taken = await target.heads()
    if taken:
        names = ", ".join(repr(head.environment) for head in taken)
        raise StoreError(f"{target.url} already has {names}: name an empty store")
    return await copy_logs(source, target)


async def copy_logs(source: Store, target: Store) -> list[Copied]:
    """Bring the target's logs to where the source's stand; the target's must be beginnings of them.

    Raises:
        StoreError: the target's history is another, or the source's is broken.
    """
    copied = [await _copy_log(source, target, head) for head in await source.heads()]
    await _add_tokens(source, target)
    return copied


async def restore(
    backup: Store, target: Store, author: Author, new_epoch: Callable[[], str]
) -> list[Copied]:
    """Bring the environments of `backup` back, each in a new epoch.

    Raises:
        StoreError: the backup is broken, or the target cannot be written.
    """
    restored = [
        await _restore_one(backup, target, head.environment, author, new_epoch())
        for head in await backup.heads()
    ]
    await _add_tokens(backup, target)
    return restored


async def _restore_one(
    backup: Store, target: Store, name: str, author: Author, epoch: str
) -> Copied:
    wanted = await backup.load(name)
    assert wanted is not None
    entries = 0
    for _ in range(_ATTEMPTS):
        present = await target.load(name)
        if present is None:
            entries = (await _copy_log(backup, target, wanted.head)).entries
            present = wanted
        change = restoring(present, wanted, author, epoch)
        with contextlib.suppress(Conflict):  # somebody has changed something meanwhile
            await target.begin(change, present.head)
            return Copied(head_of(change), entries + 1)
    raise StoreUnavailable(f"others keep writing to environment {name!r}: try again")


def restoring(present: State, wanted: State, author: Author, epoch: str) -> Change:
    """The entry that brings `present` to `wanted` in a new epoch, above both."""
    change = Change(
        environment=wanted.head.environment,
        epoch=epoch,
        version=max(present.head.version, wanted.head.version) + 1,
        kind="restore",
        at=max(author.at, present.head.at),
        actor=author.actor,
        reason=author.reason,
        flags=difference(_documents(present), _documents(wanted)),
        segments=difference(present.segments, wanted.segments),
        note=f"as it was at version {wanted.head.version} of epoch {wanted.head.epoch}",
    )
    return chain(change, present.head.hash)


def difference(old: dict[str, bytes], new: dict[str, bytes]) -> dict[str, Edit]:
    """The edits that make `new` of `old`."""
    return {
        name: Edit.of(old.get(name), new.get(name))
        for name in sorted(old | new)
        if old.get(name) != new.get(name)
    }


async def _copy_log(source: Store, target: Store, head: Head) -> Copied:
    """Copy one log up to `head` at least."""
    present = {head.environment: head for head in await target.heads()}
    at = present.get(head.environment) or empty(head.environment).head
    entries = 0
    while at.version < head.version:
        page = await source.read(head.environment, at.version, _PAGE)
        if not page:
            raise StoreError(
                f"{source.url} has lost entries of {head.environment!r}: see the audit"
            )
        for run in _runs(at, page):
            at = await _write(target, at, run)
        entries += len(page)
    return Copied(at, entries)


async def _write(target: Store, at: Head, run: list[Change]) -> Head:
    """Append a run of entries of one epoch; the first of an epoch begins it."""
    first = run[0]
    if first.epoch != at.epoch:
        await target.begin(first, at if at.version else None)
        run = run[1:]
    if run:
        await target.append(run)
    return head_of(run[-1] if run else first)


def _runs(at: Head, page: list[Change]) -> list[list[Change]]:
    """The page cut where epochs begin, every entry checked."""
    runs: list[list[Change]] = []
    for change in page:
        if change.hash != hash_of(change) or not follows(at, change):
            raise StoreError(
                f"the history of {change.environment!r} is broken at version {change.version}: "
                "`flaghoist audit verify` says more"
            ) from NotNext(at, change)
        if not runs or change.epoch != at.epoch:
            runs.append([])
        runs[-1].append(change)
        at = head_of(change)
    return runs


async def _add_tokens(source: Store, target: Store) -> None:
    known = {token.id for token in await target.tokens()}
    for token in await source.tokens():
        if token.id not in known:
            await target.put_token(token)


def _documents(state: State) -> dict[str, bytes]:
    return {key: stored.document for key, stored in state.flags.items()}
