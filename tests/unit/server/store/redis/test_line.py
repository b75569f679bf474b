"""Calls: in time, once, on a connection that is whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.redis_servers import Redis, free_port

from flaghoist_server.store.port import StoreError, StoreReadOnly, StoreUnavailable
from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.target import read_url

Start = Callable[[Any], Any]


async def test_a_connection_is_used_again(redis: Redis, line: Line) -> None:
    """Connecting costs more than a write."""
    first = await line.call("x", ["CLIENT", "ID"])
    second = await line.call("x", ["CLIENT", "ID"])

    assert first == second


async def test_a_cancelled_call_never_leaves_its_reply_to_another(line: Line) -> None:
    """Calls are cancelled at every moment of their lives; each of the others gets its own."""

    async def echo(number: int) -> bool:
        (reply,) = await line.call("x", ["ECHO", number])
        return bool(reply == str(number).encode())

    wrong = 0
    for number in range(300):
        task = asyncio.create_task(echo(-number))
        for _ in range(number % 12):
            await asyncio.sleep(0)
        task.cancel()
        wrong += not await echo(number)
        await asyncio.gather(task, return_exceptions=True)

    assert 0 == wrong


async def test_an_idle_connection_that_died_is_replaced(redis: Redis, line: Line) -> None:
    """A server that was restarted has closed what lay idle."""
    await line.call("x", ["PING"])
    redis.ask("CLIENT", "KILL", "TYPE", "normal")

    assert [b"PONG"] == await line.call("x", ["PING"])


async def test_a_second_attempt_knows_that_it_is_one(false_redis: Start) -> None:
    """So that a script can recognise its own first attempt."""
    server = await false_redis(b"+OK\r\n")
    server.answer = lambda command: server.drop() if command == [b"first"] else b"+OK\r\n"
    line = Line(read_url(server.url))

    await line.attempt("x", lambda again: [["second"] if again else ["first"]])
    line.close()

    assert [[b"first"], [b"second"]] == server.asked


async def test_a_server_that_never_answers_costs_less_than_a_second(false_redis: Start) -> None:
    """A write that cannot be done says so soon, with the reason and without the password."""
    server = await false_redis(None)
    line = Line(read_url(f"redis://:canary@{server.address}"))

    async with asyncio.timeout(10):  # it takes 0.9 s; a busy machine has longer
        with pytest.raises(StoreUnavailable, match="does not answer in time") as caught:
            await line.call("x", ["PING"])
    line.close()

    assert "canary" not in str(caught.value)


async def test_a_server_that_is_not_there_is_named() -> None:
    """Nobody listens on the port."""
    line = Line(read_url(f"redis://127.0.0.1:{free_port()}"))

    with pytest.raises(StoreUnavailable, match=r"cannot be reached \(.*Connect call failed"):
        await line.call("x", ["PING"])


async def test_a_refusal_is_not_tried_again(false_redis: Start) -> None:
    """What the server has understood and refused, it would refuse again."""
    server = await false_redis(b"-OOM command not allowed\r\n")
    line = Line(read_url(server.url))

    with pytest.raises(StoreReadOnly):
        await line.call("x", ["SET", "a", "b"])
    line.close()

    assert 1 == len(server.asked)


async def test_a_slot_on_the_move_is_asked_for_where_it_goes(false_redis: Start) -> None:
    """ASKING precedes each command there, and its own replies are not the caller's."""
    there = await false_redis(
        lambda command: b"+OK\r\n" if command == [b"ASKING"] else b"+moved\r\n"
    )
    here = await false_redis(b"-ASK 1 %b\r\n" % str(there.address).encode())
    line = Line(read_url(here.url))

    replies = await line.call("x", ["GET", "a"], ["GET", "b"])
    line.close()

    assert [b"moved", b"moved"] == replies
    assert [[b"ASKING"], [b"GET", b"a"], [b"ASKING"], [b"GET", b"b"]] == there.asked


async def test_commands_for_several_tags_go_together(false_redis: Start) -> None:
    """One server, one exchange."""
    server = await false_redis(lambda command: b"+%b\r\n" % command[1])
    line = Line(read_url(server.url))

    replies = await line.each({"a": ["GET", "1"], "b": ["GET", "2"]})
    line.close()

    assert {"a": b"1", "b": b"2"} == replies
    assert 1 == server.connections


async def test_a_line_anew_uses_no_old_connection(redis: Redis, line: Line) -> None:
    """What it finds is how things are now."""
    old = await line.call("x", ["CLIENT", "ID"])
    async with line.anew() as fresh:
        new = await fresh.call("x", ["CLIENT", "ID"])

    assert old != new


async def test_an_error_reply_that_is_no_redis_is_a_store_error(false_redis: Start) -> None:
    """Something else listens on the port: a web server, say."""
    server = await false_redis(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    line = Line(read_url(server.url))

    with pytest.raises(StoreError, match="Protocol error"):
        await line.call("x", ["PING"])
    line.close()
