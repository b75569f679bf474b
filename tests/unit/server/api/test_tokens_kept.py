"""The token book and its store: a token holds while the store is away, and when it has lost it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.stores import FickleStore

from flaghoist_server.api.tokens import TokenBook
from flaghoist_server.feed.mirror import Mirror

CHOSEN = "an-admin-token-of-ours"


def clock() -> float:
    return 1_800_000_000.0


@pytest.fixture
def store() -> FickleStore:
    return FickleStore()


@pytest.fixture
async def book(store: FickleStore) -> AsyncIterator[TokenBook]:
    book = TokenBook(store, clock)
    await book.start()
    yield book
    await book.close()


async def restarted(store: FickleStore, folder: Path) -> TokenBook:
    """The book of a server that starts anew, with the mirror of the one before."""
    book = TokenBook(store, clock, Mirror(folder, "redis://one"))
    await book.start()
    return book


async def test_a_wiped_store_takes_no_token_away(store, book) -> None:
    """Its SDKs stay connected, and its operator can still recover."""
    text, record = await book.issue("sdk", "production")
    store.wipe()

    await book.refresh()

    assert book.holds(record.id)
    assert book.identify(text) is not None


async def test_an_old_backup_revives_no_token(store, book) -> None:
    """It was revoked after the backup was made."""
    text, record = await book.issue("sdk", "production")
    await book.revoke(record.id)
    await store.put_token(record)

    await book.refresh()

    assert book.identify(text) is None


async def test_a_revocation_elsewhere_is_followed(store, book) -> None:
    """Another server has marked it in the store."""
    text, record = await book.issue("sdk", "production")
    await store.put_token(msgspec.structs.replace(record, revoked_at="2027-01-15T08:00:00.000Z"))

    await book.refresh()

    assert book.identify(text) is None


async def test_a_restart_while_the_store_is_away_knows_the_tokens(store, tmp_path) -> None:
    """From the mirror, in which no secret is."""
    mirror = Mirror(tmp_path, "redis://one")
    before = TokenBook(store, clock, mirror)
    await before.start()
    text, _ = await before.issue("sdk", "production")
    await before.close()
    await mirror.close()
    store.away = True

    after = await restarted(store, tmp_path)

    assert after.identify(text) is not None
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*.tokens"))
    assert text.rpartition("_")[2].encode() not in kept
    await after.close()


async def test_the_operators_token_holds_before_the_store_is_back(store, tmp_path) -> None:
    """And is written then, for the other servers."""
    store.away = True
    book = await restarted(store, tmp_path)

    await book.set_admin(CHOSEN)
    held = book.identify(CHOSEN)
    store.away = False
    await book.refresh()

    assert held is not None
    assert "admin" == held.role
    assert ["bootstrap"] == [record.id for record in await store.tokens()]
    await book.close()


async def test_a_token_made_on_another_replica_is_good_here_at_once(store, book) -> None:
    """An SDK may land on any replica, a moment after its token was made."""
    other = TokenBook(store, clock)
    await other.start()
    text, record = await other.issue("sdk", "production")

    assert book.identify(text) is None
    identity = await book.recognise(text)
    await other.close()

    assert identity is not None
    assert record.id == identity.id


async def test_strangers_share_a_look_at_the_store(store, book) -> None:
    """A flood of tokens that nobody has made costs the store a read or two."""
    before = store.reads
    texts = [f"fh_sdk_{number:012}_secret" for number in range(100)]

    found = await asyncio.gather(*(book.recognise(text) for text in texts))

    assert {None} == set(found)
    assert store.reads - before <= 2
