"""Hints: a name is heard once, however often it was told."""

from __future__ import annotations

import asyncio

from flaghoist_server.store.hints import Hints


async def test_a_name_is_heard_once_until_it_is_looked_at() -> None:
    """Who is slow is not owed a queue."""
    hints = Hints()
    names = hints.listen()
    for _ in range(1000):
        hints.tell("production")
    hints.tell("staging")

    assert "production" == await anext(names)
    assert "staging" == await anext(names)
    hints.tell("production")
    assert "production" == await anext(names)


async def test_closing_ends_every_listener() -> None:
    """Those that wait and those that come later."""
    hints = Hints()
    waiting = [asyncio.ensure_future(anext(hints.listen(), None)) for _ in range(3)]
    await asyncio.sleep(0)

    hints.close()

    assert [None, None, None] == await asyncio.gather(*waiting)
    assert [] == [name async for name in hints.listen()]


async def test_what_was_told_before_is_not_heard() -> None:
    """A listener listens from then on."""
    hints = Hints()
    hints.tell("before")
    names = hints.listen()
    hints.tell("after")

    assert "after" == await anext(names)
