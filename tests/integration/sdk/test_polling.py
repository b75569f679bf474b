"""Where websockets cannot pass, flags come by plain HTTP; streams are tried again meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.sdk.fake import FakeServer
from tests.integration.sdk.proxy import PlainProxy
from tests.integration.sdk.service import FLAG, Service, until

from flaghoist import Client
from flaghoist.link import schedule
from flaghoist.protocol import client_session

SNAPSHOT, REPORT, STREAM = "/sdk/v1/snapshot", "/sdk/v1/report", "/sdk/v1/stream"


@pytest.fixture
def proxy(service: Service) -> Iterator[PlainProxy]:
    proxy = PlainProxy(service.url)
    yield proxy
    proxy.close()


@pytest.fixture
def poller(proxy: PlainProxy, service: Service) -> Iterator[Client]:
    """A client behind the proxy that asks often."""
    with Client(
        url=proxy.url, token=service.token, app="poller", poll_seconds=0.05, upgrade_seconds=0.5
    ) as client:
        assert client.wait_until_ready(10)
        yield client


def test_flags_come_all_the_same(poller: Client, service: Service) -> None:
    """The first answer makes it ready, and each later one is taken in."""
    assert ("polling", "server", True) == (
        poller.status.transport,
        poller.status.source,
        poller.status.connected,
    )
    assert poller.is_enabled(FLAG) is True

    service.change("off")

    until(lambda: not poller.is_enabled(FLAG))


def test_what_has_not_changed_is_not_sent(poller: Client, proxy: PlainProxy) -> None:
    """The ETag is the position; an unchanged answer proves that the flags are fresh."""
    until(lambda: proxy.answers["GET", SNAPSHOT, 304] >= 5)

    assert 1 == proxy.answers["GET", SNAPSHOT, 200]
    assert (poller.status.age_seconds or 0) < 5


def test_a_receipt_counts_pollers_too(own_service: Service) -> None:
    """What they have is told to the server as soon as they have it."""
    proxy = PlainProxy(own_service.url)
    with Client(url=proxy.url, token=own_service.token, poll_seconds=0.05) as client:
        until(own_service.fleet)

        answer = own_service.change("off", wait_s=5)

        assert 1 == answer["connected"] == answer["applied"]
        assert client.is_enabled(FLAG) is False
    proxy.close()


def test_evaluations_are_reported(poller: Client, proxy: PlainProxy) -> None:
    """As over a stream, at most once a second."""
    before = proxy.answers["POST", REPORT, 204]
    poller.is_enabled(FLAG, "u")

    until(lambda: proxy.answers["POST", REPORT, 204] > before)


def test_a_stream_is_tried_again_and_again(
    poller: Client, proxy: PlainProxy, service: Service
) -> None:
    """Polling goes on while it is refused."""
    until(lambda: proxy.answers["GET", STREAM, 426] >= 3)

    service.change("off")
    until(lambda: not poller.is_enabled(FLAG))
    assert 0 == poller.status.reconnects


@pytest.mark.parametrize("status", [400, 404, 405, 426, 501])
def test_many_an_answer_means_that_websockets_cannot_pass(
    proxy: PlainProxy, service: Service, status: int
) -> None:
    """Proxies refuse an upgrade in many ways."""
    proxy.upgrade_status = status
    with Client(url=proxy.url, token=service.token) as client:
        assert client.wait_until_ready(10)

        assert "polling" == client.status.transport
        assert str(status) in (client.status.last_error or "")


def test_a_token_that_is_refused_is_not_polled_with(proxy: PlainProxy) -> None:
    """401 is no blocked websocket."""
    proxy.upgrade_status = 401
    with Client(url=proxy.url, token="wrong") as client:
        until(lambda: client.status.last_error)

        assert "check the token" in (client.status.last_error or "")
        assert 0 == sum(proxy.answers["GET", SNAPSHOT, status] for status in (200, 401))


def test_a_stream_that_says_nothing_is_given_up_for_polling(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that buffers lets the handshake through, and no frame."""
    monkeypatch.setattr(client_session, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(schedule, "FIRST_S", 0.2)
    silent = FakeServer(None)
    with Client(url=silent.url, token="t") as client:
        # It speaks websockets only: what answers here is asked for a snapshot.
        until(lambda: "the server answered 426" in (client.status.last_error or ""))
    silent.close()

    assert 2 <= len(silent.attempts)


def test_losing_the_server_while_polling_keeps_the_flags(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is seen as such, and found again."""
    monkeypatch.setattr(schedule, "FIRST_S", 0.2)
    monkeypatch.setattr(schedule, "LONGEST_S", 0.5)
    proxy = PlainProxy(own_service.url)
    with Client(url=proxy.url, token=own_service.token, poll_seconds=0.05) as client:
        assert client.wait_until_ready(10)
        own_service.stop()
        until(lambda: not client.status.connected)
        assert client.is_enabled(FLAG) is True

        own_service.start()
        own_service.change("off")

        until(lambda: not client.is_enabled(FLAG))
    proxy.close()
