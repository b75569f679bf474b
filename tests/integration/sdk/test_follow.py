"""A client follows a real server: it starts, sees every flip, says who it is, and ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.sdk.service import ENVIRONMENT, FLAG, FLAG_FILE, Service, until
from tests.integration.sdk.valve import Valve

from flaghoist import Client, ConfigurationError, Context, ErrorCode
from flaghoist.client import CLOSE_PATIENCE_S
from flaghoist.link.cache import DiskCache
from flaghoist.process import ProcessClient

ClientOf = Callable[..., Client]


def test_a_client_gives_defaults_until_flags_have_come(
    service: Service, client_of: ClientOf
) -> None:
    """Nobody waits: before the first snapshot the caller's default is the answer."""
    client = client_of(service)
    first = client.evaluate("no-such-flag", default="mine")

    assert "mine" == first.value
    assert first.error in (ErrorCode.PROVIDER_NOT_READY, ErrorCode.FLAG_NOT_FOUND)
    assert client.wait_until_ready(10) is True
    assert client.is_enabled(FLAG) is True


def test_each_flip_is_seen_when_the_receipt_says_so(service: Service, follower: Client) -> None:
    """A receipt never comes before the application has the change."""
    for turn in range(20):
        wanted = bool(turn % 2)
        answer = service.change("on" if wanted else "off", wait_s=5)

        assert answer["applied"] == answer["connected"] >= 1
        assert wanted is follower.is_enabled(FLAG)
        assert answer["version"] == follower.evaluate(FLAG).version


def test_rules_and_segments_arrive_whole(service: Service, follower: Client) -> None:
    """What a flag refers to comes with it."""
    staff = Context("user-1", email="ada@example.com")

    assert "dark" == follower.value("theme", staff, default="light")
    assert "light" == follower.value("theme", "user-1", default="light")
    assert {FLAG: True, "theme": "dark"} == follower.all(staff)


def test_a_segment_that_is_removed_is_gone(own_service: Service, client_of: ClientOf) -> None:
    """A delta removes a flag and the segment that it used, and nothing is set aside."""
    client = client_of(own_service)
    assert client.wait_until_ready(10)
    smaller = {"flaghoist": 1, "flags": {FLAG: FLAG_FILE["flags"][FLAG]}}

    own_service.apply(smaller, prune=True)

    until(lambda: "theme" not in client.all())
    assert {} == client.status.rejected
    assert {} == client.snapshot.segments
    assert 0 == client.status.divergences


def test_the_fleet_view_knows_a_client(service: Service, client_of: ClientOf) -> None:
    """Its name, application and build are there, and its version."""
    client = client_of(service, app="shop", build="b-77")
    assert client.wait_until_ready(10)
    mine = client.status.instance

    until(lambda: [row for row in service.fleet() if row["instance"] == mine])
    [row] = [row for row in service.fleet() if row["instance"] == mine]
    assert ("shop", "b-77") == (row["app"], row["build"])
    assert client.status.version == row["version"]


def test_status_tells_where_the_flags_are_from(service: Service, follower: Client) -> None:
    """Source, position, age and transport are those of the link."""
    status = follower.status

    assert (True, True, "server", "websocket") == (
        status.ready,
        status.connected,
        status.source,
        status.transport,
    )
    assert ENVIRONMENT == status.environment
    assert follower.snapshot.version == status.version > 0
    assert status.epoch == follower.snapshot.epoch != ""
    assert status.age_seconds is not None
    assert 0 <= status.age_seconds < 30
    assert service.url == status.url
    assert status.last_error is None


def test_changes_are_called_back_with_their_keys(service: Service, follower: Client) -> None:
    """on_change tells the keys after the change is in effect; what it returns ends it."""
    seen: list[tuple[frozenset[str], bool]] = []
    forget = follower.on_change(lambda keys: seen.append((keys, follower.is_enabled(FLAG))))

    service.change("off", wait_s=5)
    until(lambda: seen)
    forget()
    service.change("on", wait_s=5)

    assert [(frozenset({FLAG}), False)] == seen


def test_a_callback_that_raises_stops_nothing(service: Service, follower: Client) -> None:
    """The others are called, and flags are followed."""
    seen: list[frozenset[str]] = []

    def broken(keys: frozenset[str]) -> None:
        raise RuntimeError("in the application")

    follower.on_change(broken)
    follower.on_change(seen.append)
    service.change("off", wait_s=5)

    until(lambda: seen)
    assert follower.is_enabled(FLAG) is False


def test_a_closed_client_keeps_its_flags_and_opens_again(
    service: Service, follower: Client
) -> None:
    """close() is no loss of values; configure() follows again, from the position it has."""
    follower.close()
    follower.close()
    assert follower.is_enabled(FLAG) is True
    assert follower.status.connected is False
    service.change("off")

    assert follower.is_enabled(FLAG) is True
    follower.configure()

    until(lambda: follower.is_enabled(FLAG) is False)
    assert follower.wait_until_ready(10)
    assert follower.status.connected is True


def test_configuring_the_same_again_changes_nothing(service: Service, follower: Client) -> None:
    """Two modules may both configure: the connection stays."""
    instance = follower.status.instance

    follower.configure(url=service.url, token=service.token)

    assert instance == follower.status.instance
    assert follower.status.connected is True


def test_configuring_something_else_waits_for_nobody(service: Service, follower: Client) -> None:
    """The old server may have stalled; what it still says is not taken in any more."""
    valve = Valve(int(service.url.rpartition(":")[2]))
    follower.configure(url=valve.url, token=service.token)
    until(lambda: follower.status.url == valve.url)
    valve.is_open = False

    begun = time.monotonic()
    follower.configure(url=service.url, token=service.token, app="elsewhere")
    seconds = time.monotonic() - begun

    assert seconds < CLOSE_PATIENCE_S / 2
    assert follower.is_enabled(FLAG) is True
    until(lambda: follower.status.url == service.url)
    valve.is_open = True
    service.change("off")  # a receipt would wait for the old connection, which is only lost
    until(lambda: not follower.is_enabled(FLAG))
    valve.close()


def test_a_disk_that_hangs_keeps_no_client_from_its_farewell(
    own_service: Service, client_of: ClientOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is told, and no receipt waits for a client that has been closed."""
    repaired = threading.Event()
    monkeypatch.setattr(DiskCache, "write", lambda *_: str(repaired.wait(20)))
    client = client_of(own_service, cache_dir=str(tmp_path / "cache"))
    assert client.wait_until_ready(10)

    client.close()
    answer = own_service.change("off", wait_s=5)

    assert (0, 0) == (answer["connected"], answer["applied"])
    repaired.set()


def test_several_clients_live_side_by_side(service: Service, client_of: ClientOf) -> None:
    """Each follows by itself; closing one leaves the others."""
    clients = [client_of(service) for _ in range(3)]
    assert all(client.wait_until_ready(10) for client in clients)

    clients[0].close()
    service.change("off", wait_s=5)

    assert [True, False, False] == [client.is_enabled(FLAG) for client in clients]


def test_a_client_that_is_dropped_takes_its_thread_along(service: Service) -> None:
    """No close() is needed for a client that nobody can reach any more."""
    before = {thread.ident for thread in threading.enumerate()}
    client = Client(url=service.url, token=service.token)
    assert client.wait_until_ready(10)
    mine = [thread for thread in threading.enumerate() if thread.ident not in before]
    assert mine != []

    del client
    import gc

    gc.collect()

    until(lambda: not any(thread.is_alive() for thread in mine))


async def test_ready_can_be_awaited(service: Service, client_of: ClientOf) -> None:
    """The loop goes on meanwhile."""
    client = client_of(service)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    ready = await client.ready(10)
    beating.cancel()

    assert ready is True
    assert client.is_enabled(FLAG) is True
    assert beats > 1


async def test_ready_gives_up_after_its_timeout() -> None:
    """Nobody there and nothing on disk: no, and no exception."""
    with Client(url="http://127.0.0.1:9", token="t") as client:
        begun = time.monotonic()

        assert await client.ready(0.2) is False
        assert client.wait_until_ready(0.1) is False
        assert time.monotonic() - begun < 5


def test_the_process_client_configures_itself_when_asked(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables alone are enough: the first question begins to follow."""
    monkeypatch.setenv("FLAGHOIST_URL", service.url)
    monkeypatch.setenv("FLAGHOIST_TOKEN", service.token)
    client = ProcessClient()  # `flags` does this once in a process, and other tests use it too

    until(lambda: client.is_enabled(FLAG))

    assert client.wait_until_ready(10)
    assert client.status.connected is True
    client.close()


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8700", "http://", "http://h:99999"])
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    """With what it is and what one looks like."""
    with pytest.raises(ConfigurationError, match="expected something like"):
        Client(url=url)
