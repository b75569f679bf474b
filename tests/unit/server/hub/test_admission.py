"""Who is let in, decided from the handshake's headers."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.datastructures import Headers

from flaghoist_server.hub.admission import Admission, Pass, Refused
from flaghoist_server.hub.limits import StreamLimits


class Doorkeeper:
    def stream_pass(self, authorization: str) -> Pass:
        if authorization != "Bearer good":
            raise Refused(401, "no")
        return Pass("good", "production")

    async def stranger(self, authorization: str) -> None:
        """There is no other replica."""

    def holds(self, token: str) -> bool:  # noqa: ARG002  # the port's signature
        return True


def admission(**limits: Any) -> Admission:
    admission = Admission(Doorkeeper(), StreamLimits(**limits), now=0)
    admission.closed = ""
    return admission


def refusal(admission: Admission, headers: Headers, connected: int = 0, now: float = 0) -> Refused:
    with pytest.raises(Refused) as caught:
        admission.admit(headers, connected, now)
    return caught.value


def test_a_token_in_the_authorization_header_lets_in() -> None:
    """The header is enough, and tells the environment."""
    granted = admission().admit(Headers(Authorization="Bearer good"), 0, 0)

    assert Pass("good", "production") == granted


def test_a_browser_is_refused_whatever_it_has() -> None:
    """Only a page sends Origin, and no page may open a stream."""
    headers = Headers(Authorization="Bearer good", Origin="https://flags.test")

    assert refusal(admission(), headers).status == 403


def test_without_a_token_nobody_comes_in() -> None:
    """No header is as bad as a bad one."""
    assert refusal(admission(), Headers()).status == 401


def test_two_authorization_headers_are_refused() -> None:
    """A proxy and a server could read different ones."""
    headers = Headers([("Authorization", "Bearer good"), ("Authorization", "Bearer bad")])

    assert refusal(admission(), headers).status == 400


def test_beyond_the_rate_one_is_asked_to_come_later() -> None:
    """503 with the seconds to wait, and let in after them."""
    door, headers = admission(handshakes_per_second=0.5, handshake_burst=1), Headers()
    headers["Authorization"] = "Bearer good"
    door.admit(headers, 0, 0)

    refused = refusal(door, headers)

    assert (503, 3) == (refused.status, refused.retry_after)
    assert door.admit(headers, 0, refused.retry_after)


def test_strangers_use_up_nothing_of_what_there_is_for_sdks() -> None:
    """However many of them come: the next SDK comes in."""
    door = admission(handshakes_per_second=0.5, handshake_burst=1)

    refused = [refusal(door, Headers(Authorization="Bearer guess")).status for _ in range(20)]

    assert [401] * 20 == refused
    assert door.admit(Headers(Authorization="Bearer good"), 0, 0)


def test_a_full_server_says_so() -> None:
    """The limit of connections is an answer, not a failure to accept."""
    headers = Headers(Authorization="Bearer good")

    assert refusal(admission(max_connections=2), headers, connected=2).status == 503


def test_a_closed_door_says_why_and_to_come_back() -> None:
    """Starting and draining: another server may take it, or this one in a second."""
    door = admission()
    door.closed = "the server is draining"

    refused = refusal(door, Headers(Authorization="Bearer good"))

    assert (503, 1, "the server is draining") == (
        refused.status,
        refused.retry_after,
        str(refused),
    )
