"""The hub's wheel, its rules for streams that are alive in name only, and how it leaves."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.server.hub.conftest import ENVIRONMENT, Place, Sdk

from flaghoist_server.hub.limits import StreamLimits

TURN_SECONDS = 1.0


@pytest.fixture
def limits() -> StreamLimits:
    return StreamLimits(max_age_seconds=100)


def go_on(place: Place, seconds: int, *alive: Sdk) -> None:
    """Let time pass, the wheel turn every second, and `alive` answer what they are asked."""
    for _ in range(seconds):
        place.clock.now += TURN_SECONDS
        place.hub.turn()
        for sdk in alive:
            sdk.read()


async def test_every_stream_hears_a_heartbeat_every_ten_seconds(place: Place) -> None:
    """It says where the environment stands, with its hash."""
    sdks = [place.sdk(f"i-{number}") for number in range(25)]
    for sdk in sdks:
        sdk.heard()

    go_on(place, 10, *sdks)

    beats = [sdk.heard() for sdk in sdks]
    assert {1} == {len(messages) for messages in beats}
    assert {("heartbeat", *place.position, place.feed.environments[ENVIRONMENT].hash)} == {
        (beat["type"], beat["epoch"], beat["version"], beat["hash"]) for (beat,) in beats
    }


async def test_who_answers_pings_stays_and_who_does_not_is_cut(place: Place) -> None:
    """A half-open peer is found within 25 seconds, wherever in the wheel it is."""
    alive = [place.sdk(f"alive-{number}") for number in range(12)]
    silent = [place.sdk(f"silent-{number}") for number in range(12)]

    go_on(place, 14, *alive)
    early = [sdk for sdk in silent if sdk.wire.closed]
    go_on(place, 11, *alive)

    assert [] == early
    assert all(sdk.wire.aborted for sdk in silent)
    assert not any(sdk.wire.closed for sdk in alive)


async def test_no_hello_in_five_seconds_ends_the_stream(place: Place) -> None:
    """A connection that says nothing is not kept."""
    sdk = Sdk(place.hub)
    sdk.connect()

    go_on(place, 4, sdk)
    before = sdk.close_code
    go_on(place, 2, sdk)

    assert (None, 1008) == (before, sdk.close_code)


async def test_who_takes_nothing_is_let_go(place: Place) -> None:
    """Its memory is not held for ever; one that takes a little is given more time."""
    slow, stuck = place.sdk("slow"), place.sdk("stuck")
    for sdk in (slow, stuck):
        sdk.wire.buffered = 100_000
        sdk.stream.pause_writing()

    for second in range(21):
        slow.wire.buffered = 100_000 - second * 1000
        for sdk in (slow, stuck):  # bytes still come from them
            sdk.stream.data_received(b"\x8a\x80mask")
        go_on(place, 1)

    assert stuck.wire.aborted
    assert place.hub.stats.closed[1013] == 1
    assert not slow.wire.closed


async def test_a_revoked_token_ends_its_streams(place: Place) -> None:
    """At once where it is told, and by the wheel within five seconds where not."""
    told, untold = place.sdk("told"), place.sdk("untold")
    place.doorkeeper.good.clear()

    place.hub.recheck_tokens()

    assert (4401, 4401) == (told.close_code, untold.close_code)


async def test_an_expired_token_ends_its_streams_within_five_seconds(place: Place) -> None:
    """Nobody tells of an expiry."""
    sdks = [place.sdk(f"i-{number}") for number in range(10)]
    place.doorkeeper.good.clear()

    go_on(place, 5, *sdks)

    assert {4401} == {sdk.close_code for sdk in sdks}


async def test_an_old_stream_is_asked_to_move_once(place: Place) -> None:
    """So that replicas share the load again; it is not closed for it."""
    sdk = place.sdk()
    sdk.heard()

    go_on(place, 115, sdk)

    goodbyes = [message for message in sdk.heard() if message["type"] == "goodbye"]
    assert [{"type": "goodbye", "reason": "age", "spread_ms": 10_000}] == goodbyes
    assert not sdk.wire.closed


async def test_a_close_that_is_not_answered_is_ended(place: Place) -> None:
    """The peer has three seconds to say goodbye too."""
    sdk = place.sdk()
    sdk.stream.close(1008, "test")

    go_on(place, 2)
    before = sdk.wire.closed
    go_on(place, 2)

    assert (False, True) == (before, sdk.wire.aborted)


async def test_draining_asks_first_and_closes_then(place: Place) -> None:
    """Goodbye with the time to spread over, nobody let in, 1012 for who has stayed."""
    moves, stays = place.sdk("moves"), place.sdk("stays")
    for sdk in (moves, stays):
        sdk.heard()

    draining = asyncio.create_task(place.hub.drain(0.1))
    await asyncio.sleep(0.01)
    asked = [sdk.heard() for sdk in (moves, stays)]
    refused = Sdk(place.hub).connect()
    moves.conn.send_close(1000)
    moves.flush()
    while stays.close_code is None:
        await asyncio.sleep(0.01)
    await draining

    assert [[{"type": "goodbye", "reason": "drain", "spread_ms": 60}]] * 2 == asked
    assert (503, "1") == (refused.status_code, refused.headers["Retry-After"])
    assert 1012 == stays.close_code
    assert 0 == place.hub.connected


async def test_draining_ends_as_soon_as_all_have_moved(place: Place) -> None:
    """Nobody waits for a drain time that nobody needs."""
    sdk = place.sdk()
    draining = asyncio.create_task(place.hub.drain(3600))
    await asyncio.sleep(0)

    sdk.conn.send_close(1000)
    sdk.flush()

    await asyncio.wait_for(draining, 1)


async def test_an_environment_that_is_not_loaded_is_not_served(place: Place) -> None:
    """The token is good, the flags are not there (yet): come again."""
    place.doorkeeper.environment = "made-a-moment-ago-elsewhere"

    response = Sdk(place.hub).connect()

    assert (503, "2") == (response.status_code, response.headers["Retry-After"])


async def test_a_new_history_is_sent_whole_and_nobody_has_applied_it(place: Place) -> None:
    """Another epoch is never reached by a delta."""
    from flaghoist_server.change.audit import chain
    from flaghoist_server.change.change import Change

    sdk = place.sdk()
    sdk.heard()
    _epoch, version = place.position
    head = place.feed.environments[ENVIRONMENT].head
    restore = Change(ENVIRONMENT, "another", version + 5, "restore", head.at, "test")
    await place.store.begin(chain(restore, head.hash), head)
    await place.feed.look()

    (full,) = sdk.heard()

    assert ("full", "another", version + 5) == (full["type"], full["epoch"], full["version"])
    assert (1, 0) == (place.roster.connected, place.roster.applied(version))
    sdk.acknowledge("another", version + 5)
    assert 1 == place.roster.applied(version + 5)
