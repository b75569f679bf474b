"""Servers that share a Redis see each other's part of the fleet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
import pytest
from tests.redis_servers import Redis

from flaghoist_server.fleet.board import Instance, Part
from flaghoist_server.fleet.redis_board import RedisBoard


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
async def boards(redis: Redis) -> AsyncIterator[Callable[[str], RedisBoard]]:
    """A board for each server that is named."""
    made: list[RedisBoard] = []

    def board(replica: str) -> RedisBoard:
        made.append(RedisBoard(redis.url, replica))
        return made[-1]

    yield board
    for one in made:
        await one.close()


def part(replica: str, version: int = 7, instances: int = 1) -> Part:
    """The part of a server with so many SDKs, all at `version`."""
    sdks = [Instance(f"{replica}-{n}", "shop", "1", "py", version, 0.0) for n in range(instances)]
    return Part(replica, "production", "e1", version, {version: instances}, sdks)


async def test_a_part_is_seen_by_the_others_and_not_by_oneself(
    boards: Callable[[str], RedisBoard],
) -> None:
    """Whole, with its instances."""
    one, two = boards("one"), boards("two")
    await one.show(part("one"))

    assert [part("one")] == await two.others("production")
    assert [] == await one.others("production")


async def test_a_new_part_replaces_the_old_one(boards: Callable[[str], RedisBoard]) -> None:
    """The board is no log."""
    one, two = boards("one"), boards("two")
    await one.show(part("one", version=7))
    await two.others("production")
    await one.show(part("one", version=8))

    assert [part("one", version=8)] == await two.others("production")


async def test_environments_are_kept_apart(boards: Callable[[str], RedisBoard]) -> None:
    """Another environment's fleet is another fleet."""
    one, two = boards("one"), boards("two")
    await one.show(part("one"))

    assert [] == await two.others("staging")


async def test_a_server_that_leaves_takes_its_part_down(
    boards: Callable[[str], RedisBoard],
) -> None:
    """Its SDKs are elsewhere by then."""
    one, two = boards("one"), boards("two")
    await one.show(part("one"))
    await one.close()

    assert [] == await two.others("production")


async def test_a_part_that_is_not_renewed_fades(
    redis: Redis, boards: Callable[[str], RedisBoard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was killed cannot take its part down."""
    monkeypatch.setattr("flaghoist_server.fleet.redis_board._FADES_MS", 20)
    one, two = boards("one"), boards("two")
    await one.show(part("one"))

    async with asyncio.timeout(10):
        while await two.others("production"):
            await asyncio.sleep(0.005)

    assert [] == redis.ask("SMEMBERS", "fh:{production}:replicas")


async def test_counts_are_put_up_without_the_instances(
    boards: Callable[[str], RedisBoard],
) -> None:
    """Counts are what a receipt waits for; instances may be a megabyte, and stay as they were."""
    one, two = boards("one"), boards("two")
    await one.show(part("one", version=7, instances=3))
    await two.others("production")
    counts = msgspec.structs.replace(part("one", version=8, instances=3), instances=[])
    await one.show(counts, counts_only=True)

    (seen,) = await two.others("production")

    assert {8: 3} == seen.versions
    assert [7] * 3 == [instance.version for instance in seen.instances]


async def test_without_redis_the_others_are_as_they_were(
    redis: Redis, boards: Callable[[str], RedisBoard]
) -> None:
    """A receipt must not be complete because nobody can be asked."""
    one, two = boards("one"), boards("two")
    await one.show(part("one"))
    known = await two.others("production")
    redis.kill()

    await one.show(part("one", version=8))

    assert known == await two.others("production")
