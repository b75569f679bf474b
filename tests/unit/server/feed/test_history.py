"""The past: an environment at a version or a time, and what an evaluation needs of it."""

from __future__ import annotations

import pytest
from tests.logs import Log
from tests.stores import FickleStore

from flaghoist_server.change.state import State
from flaghoist_server.feed.history import NoSuchPast, state_at, version_at
from flaghoist_server.store.memory import MemoryStore


def minute(number: int) -> str:
    return f"2027-01-01T00:{number:02}:00.000Z"


@pytest.fixture
async def store() -> FickleStore:
    """Versions 1 to 30, one a minute, and then 40, which begins another epoch at minute 31."""
    store, log = FickleStore(), Log()
    await store.begin(log.change({}, kind="create", at=minute(1)), None)
    for number in range(2, 31):
        document = b'{"description":"%d"}' % number
        await store.append([log.change({f"f{number % 3}": document}, at=minute(number))])
    head = log.state.head
    log.epoch = "e2"
    await store.begin(log.change({"f0": None}, kind="restore", version=40, at=minute(31)), head)
    return store


@pytest.mark.parametrize("version", [1, 2, 17, 30, 40])
async def test_a_state_of_the_past(store, version: int) -> None:
    """The fold of the log up to there."""
    assert version == (await state_at(store, "production", version)).head.version


@pytest.mark.parametrize("snapshot", [1, 5, 16, 17])
async def test_a_snapshot_shortens_the_way(store, monkeypatch, snapshot: int) -> None:
    """The state is the same."""
    expected = await state_at(store, "production", 17)
    kept = await state_at(store, "production", snapshot)

    async def base(environment: str, version: int) -> State:
        return kept

    monkeypatch.setattr(store, "base", base)

    assert expected == await state_at(store, "production", 17)


@pytest.mark.parametrize("version", [-1, 0, 31, 39, 41])
async def test_a_version_that_was_not(store, version: int) -> None:
    """Before the beginning, after the end, and in the gap before another epoch."""
    with pytest.raises(NoSuchPast, match=f"no version {version}"):
        await state_at(store, "production", version)


@pytest.mark.parametrize(
    ("time", "version"),
    [
        (minute(1), 1),
        (minute(2), 2),
        ("2027-01-01T00:02:59.999Z", 2),
        (minute(30), 30),
        (minute(31), 40),
        ("2030-01-01T00:00:00Z", 40),
        ("2027-01-01T02:05:30+02:00", 5),
    ],
)
async def test_the_version_of_a_time(store, time: str, version: int) -> None:
    """The newest entry that was made by then."""
    assert version == await version_at(store, "production", time)
    assert version == (await state_at(store, "production", time)).head.version


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("2026-12-31T23:59:59Z", "did not exist at"),
        ("yesterday", "is neither a version nor a time"),
        ("2027-01-01T00:00:00", "is neither a version nor a time"),
    ],
)
async def test_a_time_that_was_not(store, time: str, message: str) -> None:
    """Before the beginning, or none at all."""
    with pytest.raises(NoSuchPast, match=message):
        await version_at(store, "production", time)


async def test_an_environment_that_was_not() -> None:
    """It has no versions and no times."""
    with pytest.raises(NoSuchPast):
        await state_at(MemoryStore(), "nowhere", 1)
    with pytest.raises(NoSuchPast):
        await version_at(MemoryStore(), "nowhere", minute(1))
