"""The way out of a hold or a loss: write what this server still knows back into the store.

Held (the store is empty, or was made anew): the environment begins a new epoch in the store, with
everything that this server has. Lost (a tail is gone, a new epoch has begun without it): the
flags that the lost entries had changed get the documents that they had, unless somebody has
changed them since. Both are entries of history like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.commands import Author
from flaghoist_server.change.fold import empty
from flaghoist_server.change.state import State
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.standing import Loss
from flaghoist_server.store.copy import restoring
from flaghoist_server.store.port import Store, StoreUnavailable, TokenRecord

__all__ = ["Recovered", "accept_loss", "recover"]


class Recovered(msgspec.Struct, frozen=True):
    """An environment that was written back: its version, and the flags that came back."""

    environment: str
    version: int
    flags: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    """Flags of lost entries that somebody has changed since: they were left as they are."""


async def recover(
    store: Store,
    feed: Feed,
    author: Author,
    new_epoch: Callable[[], str],
    tokens: Iterable[TokenRecord] = (),
) -> list[Recovered]:
    """Write back every environment that is held or has lost entries, and the missing tokens.

    Raises:
        StoreError: the store cannot be written.
    """
    recovered = [
        await _reseed(store, feed, name, author, new_epoch())
        for name in await _to_reseed(store, feed)
    ]
    await _put_missing(store, tokens)
    for name, loss in sorted(feed.losses.items()):
        recovered.append(await _reapply(store, feed, loss, author))
        del feed.losses[name]
    return recovered


async def accept_loss(feed: Feed) -> list[str]:
    """Take what the store has instead, whatever it is: the environments that were held.

    An environment that the store does not know at all stays held: an empty one would be served.
    Raises:
        StoreError: the store is away.
    """
    return [name for name in sorted(feed.holds) if await feed.accept_store(name)]


async def _to_reseed(store: Store, feed: Feed) -> list[str]:
    """The environments that are held, or that the store does not know."""
    try:
        found = {head.environment for head in await store.heads()}
    except StoreUnavailable:  # a database file that was removed: writing makes it anew
        found = set()
    return sorted(set(feed.holds) | (set(feed.environments) - found))


async def _reseed(store: Store, feed: Feed, name: str, author: Author, epoch: str) -> Recovered:
    known = feed.environments[name].state
    try:
        present = await store.load(name)
    except StoreUnavailable:  # see _to_reseed
        present = None
    change = restoring(present or empty(name), known, author, epoch)
    await store.begin(change, present.head if present is not None else None)
    await feed.accept_store(name)
    return Recovered(name, change.version, tuple(change.flags))


async def _put_missing(store: Store, tokens: Iterable[TokenRecord]) -> None:
    known = {token.id for token in await store.tokens()}
    for token in tokens:
        if token.id not in known:
            await store.put_token(token)


async def _reapply(store: Store, feed: Feed, loss: Loss, author: Author) -> Recovered:
    name = loss.had.environment
    state = feed.environments[name].state
    flags, skipped = _lost_edits(state, loss)
    segments = {
        segment: Edit.of(state.segments.get(segment), loss.state.segments.get(segment))
        for change in loss.changes
        for segment in change.segments
        if state.segments.get(segment) != loss.state.segments.get(segment)
    }
    head = state.head
    if flags or segments:
        change = chain(
            Change(
                environment=name,
                epoch=head.epoch,
                version=head.version + 1,
                kind="restore",
                at=max(author.at, head.at),
                actor=author.actor,
                reason=author.reason,
                flags=flags,
                segments=segments,
                note=f"lost entries up to version {loss.had.version}, made again",
            ),
            head.hash,
        )
        await store.append([change])
        feed.accept([change])
    return Recovered(name, feed.environments[name].head.version, tuple(flags), tuple(skipped))


def _lost_edits(state: State, loss: Loss) -> tuple[dict[str, Edit], list[str]]:
    """The edits that bring lost documents back, and the flags that have moved on since."""
    edits: dict[str, Edit] = {}
    skipped: list[str] = []
    for key in sorted({key for change in loss.changes for key in change.flags}):
        present, wanted = state.flags.get(key), loss.state.flags.get(key)
        old = None if present is None else present.document
        new = None if wanted is None else wanted.document
        if present is not None and present.version > loss.since:
            skipped.append(key)
        elif old != new:
            edits[key] = Edit.of(old, new)
    return edits, skipped
