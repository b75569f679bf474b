"""Whatever a server or a network does, what was once good stays in use, and the link comes back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.sdk.fake import FakeServer, delta, full
from tests.integration.sdk.service import FLAG, Service, until
from tests.integration.sdk.valve import Valve

from flaghoist import Client
from flaghoist.link import schedule
from flaghoist.protocol import client_session

ClientOf = Callable[..., Client]


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A server that has `FLAG` on, in version 5 of epoch e1."""
    server = FakeServer(full(5))
    yield server
    server.close()


@pytest.fixture
def follow() -> Iterator[Callable[..., Client]]:
    """Clients of addresses; they have flags when they are given."""
    made: list[Client] = []

    def begin(*urls: str, token: str = "t") -> Client:
        made.append(Client(url=",".join(urls), token=token))
        assert made[-1].wait_until_ready(10)
        return made[-1]

    yield begin
    for client in made:
        client.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of a tenth, for tests of what comes after them."""
    monkeypatch.setattr(schedule, "FIRST_S", 0.2)
    monkeypatch.setattr(schedule, "LONGEST_S", 0.5)
    monkeypatch.setattr(schedule, "REFUSED_S", 0.5)


BAD_FRAMES = {
    "nothing": b"",
    "noise": b"\x00\xff\x80",
    "no-json": b"{",
    "truncated": full(6, on=False)[:-9],
    "a-list": b"[]",
    "a-number": b"7",
    "no-type": b"{}",
    "no-version": b'{"type":"delta","epoch":"e1","from":5',
    "wrong-types": b'{"type":"full","environment":1,"epoch":[],"version":"x"}',
    "deep": b'{"type":"full","x":' + b"[" * 100_000,
    "other-environment": full(6, on=False).replace(b"production", b"staging"),
}


@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_bad_frame_costs_a_connection_and_nothing_else(
    fake: FakeServer,
    follow: Callable[..., Client],
    hasty: None,
    frame: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The flag keeps its value, the status says why, the log has a line, the link is back."""
    client = follow(fake.url)
    caplog.set_level(logging.WARNING, "flaghoist")

    fake.send(frame)
    until(lambda: client.status.last_error)
    assert client.is_enabled(FLAG) is True
    until(lambda: client.status.reconnects == 1)

    fake.send(delta(5, 6, on=False))
    until(lambda: not client.is_enabled(FLAG))
    assert 1 <= len(caplog.records) <= 2
    assert 2 == len(fake.attempts)


def test_a_message_of_a_newer_version_is_passed_over(
    fake: FakeServer, follow: Callable[..., Client]
) -> None:
    """Version N+1 may say what N does not know; the stream goes on."""
    client = follow(fake.url)

    fake.send(b'{"type":"hologram","epoch":"e1","version":6}')
    fake.send(delta(5, 6, on=False))

    until(lambda: not client.is_enabled(FLAG))
    assert {"unknown": 1} == client.status.notes
    assert client.status.last_error is None
    assert 1 == len(fake.attempts)


def test_a_binary_frame_is_read_like_a_text(
    fake: FakeServer, follow: Callable[..., Client]
) -> None:
    """A proxy may turn one into the other."""
    client = follow(fake.url)

    fake.send(delta(5, 6, on=False), text=False)

    until(lambda: not client.is_enabled(FLAG))


UNFITTING = {
    "corrupt": (delta(5, 6, on=False, digest="00000000deadbeef"), 1),
    "gap": (delta(7, 8, on=False), 0),
    "gap, of another epoch": (delta(5, 6, on=False, epoch="e2"), 0),
    "gap, seen in a heartbeat": (b'{"type":"heartbeat","epoch":"e1","version":9,"hash":""}', 0),
    "diverged": (b'{"type":"heartbeat","epoch":"e1","version":5,"hash":"00000000deadbeef"}', 1),
}


@pytest.mark.parametrize("what", UNFITTING)
def test_what_does_not_fit_is_asked_for_whole(
    fake: FakeServer, follow: Callable[..., Client], what: str
) -> None:
    """Nothing of it is used; the snapshot that is sent instead is. A wrong state is counted."""
    frame, divergences = UNFITTING[what]
    client = follow(fake.url)

    fake.send(frame)
    until(lambda: fake.says("resync"))
    assert client.is_enabled(FLAG) is True
    fake.send(full(9, on=False))

    until(lambda: not client.is_enabled(FLAG))
    assert {what.partition(",")[0]: 1} == client.status.notes
    assert divergences == client.status.divergences
    assert 1 == len(fake.attempts)


def test_a_new_epoch_comes_with_a_snapshot(
    fake: FakeServer, follow: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    """A restored store begins a new history: its versions count anew, and the log says so."""
    client = follow(fake.url)

    fake.send(full(2, on=False, epoch="e2"))

    until(lambda: not client.is_enabled(FLAG))
    assert ("e2", 2) == (client.status.epoch, client.status.version)
    until(lambda: fake.acks[-1:] == [("e2", 2)])
    assert "began a new epoch" in caplog.text


def test_a_server_that_is_behind_is_left(
    fake: FakeServer, follow: Callable[..., Client], hasty: None
) -> None:
    """Within an epoch versions only rise, whichever replica answers."""
    older = FakeServer(full(3, on=False))
    client = follow(fake.url, older.url)

    fake.hang_up()
    until(lambda: older.attempts)
    until(lambda: client.status.reconnects == 1)

    assert client.is_enabled(FLAG) is True
    assert ("e1", 5) == (client.status.epoch, client.status.version)
    assert fake.url == client.status.url
    assert 1 == client.status.notes["behind"]
    older.close()


def test_the_next_address_is_tried_when_one_is_dead(
    fake: FakeServer, follow: Callable[..., Client]
) -> None:
    """Several servers are separated by commas."""
    client = follow("http://127.0.0.1:9", fake.url)

    assert fake.url == client.status.url


def test_a_server_that_drops_everyone_is_not_hammered(fake: FakeServer) -> None:
    """It accepts, and hangs up: that is no healthy connection, and the waits grow."""
    fake.greeting = b"not a word of sense"
    with Client(url=fake.url, token="t") as client:
        time.sleep(3)

        assert client.evaluate(FLAG, default="mine").value == "mine"
        assert 1 <= len(fake.attempts) <= 6


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_is_not_for_ever(
    fake: FakeServer, follow: Callable[..., Client], hasty: None, status: int
) -> None:
    """The token is restored, the route repaired: without a restart the client is back."""
    client = follow(fake.url)

    fake.status = status
    fake.hang_up()
    until(lambda: str(status) in (client.status.last_error or ""))
    assert client.is_enabled(FLAG) is True
    assert client.status.connected is False
    fake.status = None
    fake.greeting = full(6, on=False)

    until(lambda: not client.is_enabled(FLAG))
    until(lambda: client.status.connected)


def test_a_redirect_is_not_followed(fake: FakeServer) -> None:
    """The token is for the address that was configured, and for no other."""
    elsewhere = FakeServer(full(9))
    fake.status, fake.headers = 307, {"Location": elsewhere.url + "/sdk/v1/stream"}
    with Client(url=fake.url, token="t") as client:
        until(lambda: "307" in (client.status.last_error or ""))
        until(lambda: len(fake.attempts) >= 2)

    assert [] == elsewhere.attempts
    elsewhere.close()


def test_retry_after_is_honoured(
    fake: FakeServer, follow: Callable[..., Client], hasty: None
) -> None:
    """What a server asks for is a least wait."""
    follow(fake.url)
    fake.status, fake.headers = 503, {"Retry-After": "1"}

    fake.hang_up()
    until(lambda: len(fake.attempts) >= 4)

    _, first, second, third = fake.attempts[:4]
    assert second - first >= 1.0
    assert third - second >= 1.0


def test_a_rotated_token_is_read_anew(
    own_service: Service, tmp_path: Path, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old token is revoked, its stream closed; the file has the new one."""
    secret = tmp_path / "token"
    old = own_service.make_token()
    secret.write_text(old["token"] + "\n")
    monkeypatch.setenv("FLAGHOIST_TOKEN_FILE", str(secret))
    with Client(url=own_service.url) as client:
        assert client.wait_until_ready(10)

        own_service.revoke(old["id"])
        until(lambda: not client.status.connected)
        assert client.is_enabled(FLAG) is True
        secret.write_text(own_service.make_token()["token"] + "\n")

        until(lambda: client.status.connected)


def test_a_token_file_that_cannot_be_read_is_tried_again(
    service: Service, tmp_path: Path, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret may be mounted late."""
    secret = tmp_path / "token"
    monkeypatch.setenv("FLAGHOIST_TOKEN_FILE", str(secret))
    with Client(url=service.url) as client:
        until(lambda: "the token cannot be read" in (client.status.last_error or ""))

        secret.write_text(service.token)

        assert client.wait_until_ready(10)


def test_a_flag_that_was_set_aside_is_told_to_the_server(
    fake: FakeServer, follow: Callable[..., Client]
) -> None:
    """By its name and why, so that the fleet view can show who cannot use it."""
    client = follow(fake.url)
    bad = full(6, digest="").replace(b'"default":"on"', b'"default":"maybe"')

    fake.send(bad)
    until(lambda: client.status.rejected)

    assert client.is_enabled(FLAG) is True
    until(lambda: [said for said in fake.says("report") if FLAG in said.get("rejected", {})])


def test_a_server_that_ends_takes_nothing_along(
    own_service: Service, follow: Callable[..., Client], hasty: None
) -> None:
    """Values stay while it is away; the newest one comes by itself when it is back."""
    client = follow(own_service.url, token=own_service.token)
    own_service.stop()
    until(lambda: not client.status.connected)

    assert client.is_enabled(FLAG) is True
    own_service.start()
    own_service.change("off")

    until(lambda: not client.is_enabled(FLAG))


def test_a_stream_that_falls_silent_is_found(
    service: Service, follow: Callable[..., Client], hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-open connection says nothing, not even that it is none."""
    monkeypatch.setattr(client_session, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(client_session, "ANSWER_SECONDS", 1.0)
    valve = Valve(int(service.url.rpartition(":")[2]))
    client = follow(valve.url, token=service.token)

    valve.is_open = False
    service.change("off")
    until(lambda: not client.status.connected)
    assert client.is_enabled(FLAG) is True
    assert "no heartbeat" in (client.status.last_error or "")
    valve.is_open = True

    until(lambda: not client.is_enabled(FLAG))
    valve.close()


def test_the_silence_that_is_borne_is_below_25_s() -> None:
    """Heartbeats come every 10 s; the promise is to find a half-open connection within 25 s."""
    assert 20 < client_session.SILENCE_SECONDS < 25


def test_a_drain_is_followed_without_a_gap(
    own_service: Service, service: Service, follow: Callable[..., Client]
) -> None:
    """At a goodbye another connection is opened before the old one is closed."""
    other = FakeServer(full(99, epoch="e9"))
    client = follow(own_service.url, other.url, token=own_service.token)
    gaps: list[float] = []
    watched = threading.Event()

    def watch() -> None:
        while not watched.is_set():
            if not client.status.connected:
                gaps.append(time.monotonic())
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    own_service.stop()
    until(lambda: client.status.url == other.url)
    watched.set()
    watcher.join()

    assert [] == gaps
    assert 1 == client.status.reconnects
    assert client.status.last_error is None
    other.close()
