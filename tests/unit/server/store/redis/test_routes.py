"""Who the primary is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.false_redis import FalseRedis, array, bulk

from flaghoist_server.store.redis.routes import NoPrimary, routes_to, slot_of
from flaghoist_server.store.redis.target import Address, read_url

OLD = array([bulk("10.0.0.1"), bulk("6379")])
NEW = array([bulk("10.0.0.2"), bulk("6379")])
NOT_KNOWN = b"*-1\r\n"

Start = Callable[[Any], Any]


async def sentinels(start: Start, *answers: bytes | None) -> list[FalseRedis]:
    return [await start(answer) for answer in answers]


def url_of(servers: list[FalseRedis]) -> str:
    return "redis+sentinel://" + ",".join(str(s.address) for s in servers) + "/flags"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([NEW, NEW, NEW], id="all agree"),
        pytest.param([OLD, NEW, NEW], id="one is cut off and still names the old one"),
        pytest.param([None, NEW, NEW], id="one is stopped"),
        pytest.param([NOT_KNOWN, NOT_KNOWN, NEW], id="two do not know the name"),
    ],
)
async def test_most_sentinels_are_believed(false_redis: Start, answers: list[bytes | None]) -> None:
    """One that is wrong, deaf or ignorant does not lead astray."""
    routes = routes_to(read_url(url_of(await sentinels(false_redis, *answers))))

    assert Address("10.0.0.2", 6379) == await routes.primary("production")


async def test_sentinels_that_know_no_primary_are_named(false_redis: Start) -> None:
    """The text names the Sentinels and the name that they were asked for."""
    servers = await sentinels(false_redis, NOT_KNOWN, NOT_KNOWN)

    with pytest.raises(NoPrimary, match="names a primary 'flags'"):
        await routes_to(read_url(url_of(servers))).primary("production")


def state(ip: str = "10.0.0.2", flags: str = "master") -> bytes:
    """A Sentinel's reply to SENTINEL MASTER, shortened."""
    words = ["name", "flags", "ip", ip, "port", "6379", "flags", flags]
    return array([bulk(word) for word in words])


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([state(), state(), state()], True, id="all are sure"),
        pytest.param([state(), state(), None], True, id="one is stopped"),
        pytest.param([state(), None, None], False, id="two are stopped"),
        pytest.param([state(), state(), state("10.0.0.1")], False, id="one names another"),
        pytest.param(
            [state(), state(), state(flags="master,s_down")], False, id="one sees it down"
        ),
        pytest.param([NOT_KNOWN, NOT_KNOWN, state()], False, id="two do not know the name"),
    ],
)
async def test_no_sentinel_may_doubt_a_primary_that_is_vouched_for(
    false_redis: Start, answers: list[bytes | None], expected: bool
) -> None:
    """One that knows of a failover is enough: the primary may have slept through it."""
    routes = routes_to(read_url(url_of(await sentinels(false_redis, *answers))))

    assert expected == await routes.vouched(Address("10.0.0.2", 6379))


async def test_an_answer_is_kept_until_it_is_forgotten(false_redis: Start) -> None:
    """Sentinels are not asked for each write."""
    (server,) = await sentinels(false_redis, NEW)
    routes = routes_to(read_url(url_of([server])))

    for _ in range(3):
        await routes.primary("production")
    routes.forget()
    await routes.primary("production")

    assert 2 == server.connections


async def test_a_cluster_is_found_from_any_node_that_answers(false_redis: Start) -> None:
    """Slots are looked up by the hash tag; a node without a name is the one that was asked."""
    slots = array(
        [
            array([b":0\r\n", b":8191\r\n", array([bulk("10.0.0.1"), b":1\r\n"])]),
            array([b":8192\r\n", b":16383\r\n", array([bulk(""), b":2\r\n"])]),
        ]
    )
    silent = await false_redis(None)
    node = await false_redis(slots)
    routes = routes_to(read_url(f"redis+cluster://{silent.address},{node.address}"))

    found = {tag: await routes.primary(tag) for tag in ("foo", "bar")}

    assert {"foo": Address("127.0.0.1", 2), "bar": Address("10.0.0.1", 1)} == found


def test_slots_are_those_of_redis() -> None:
    """The specification's own example, and what CLUSTER KEYSLOT says of another."""
    assert (12182, 5061, 5061) == (slot_of("foo"), slot_of("bar"), slot_of("bar}x"))
