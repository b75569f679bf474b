"""One connection: whole exchanges, or none any more."""

from __future__ import annotations

import asyncio

import hiredis
import pytest
from tests.redis_servers import Redis

from flaghoist_server.store.redis.target import Address, Login
from flaghoist_server.store.redis.wire import Wire, opened

ANYONE = Login()


async def test_replies_come_in_the_order_of_the_commands(redis: Redis) -> None:
    """An error reply stands in its place and hides none of the others."""
    async with opened(Address("127.0.0.1", redis.port), ANYONE) as wire:
        first, second, third = await wire.exchange(["ECHO", "a"], ["NONSENSE"], ["ECHO", b"b"])

    assert (b"a", b"b") == (first, third)
    assert isinstance(second, hiredis.ReplyError)


async def test_a_long_reply_arrives_whole(redis: Redis) -> None:
    """Replies are longer than one read of the socket."""
    text = "x" * 1_000_000
    async with opened(Address("127.0.0.1", redis.port), ANYONE) as wire:
        (reply,) = await wire.exchange(["ECHO", text])

    assert text.encode() == reply


async def test_a_cancelled_exchange_makes_the_connection_unusable(redis: Redis) -> None:
    """The next reply on it would be the cancelled one's (CVE-2023-28858)."""
    async with opened(Address("127.0.0.1", redis.port), ANYONE) as wire:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await wire.exchange(["BLPOP", "nothing", "5"])

        assert not wire.usable


async def test_a_connection_that_the_server_closes_says_so(redis: Redis) -> None:
    """QUIT closes it from the other end."""
    async with opened(Address("127.0.0.1", redis.port), ANYONE) as wire:
        with pytest.raises(ConnectionError, match="closed the connection"):
            await wire.exchange(["QUIT"], ["PING"])

        assert not wire.usable


async def test_a_login_that_is_refused_leaves_no_connection(redis: Redis) -> None:
    """The server's own words are what is raised."""
    login = Login(username="nobody", password="wrong")

    with pytest.raises(hiredis.ReplyError, match="WRONGPASS"):
        await Wire.open(Address("127.0.0.1", redis.port), login)


async def test_a_database_is_selected_at_login(redis: Redis) -> None:
    """Every connection is to the database of the URL."""
    async with opened(Address("127.0.0.1", redis.port), Login(database=3)) as wire:
        (told,) = await wire.exchange(["CLIENT", "INFO"])

    assert b" db=3 " in told
