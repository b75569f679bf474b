"""Requests over real sockets, against servers that behave as bad as real ones do."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from flaghoist_server.cli.transport import Asked, NotReached, is_address, send

Behaviour = Callable[[socket.socket], None]
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def listening(behaviour: Behaviour, requests: list[bytes] | None = None) -> Iterator[str]:
    """A server that reads one request, into `requests`, and then behaves like that."""
    requests = [] if requests is None else requests

    def serve() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as peer:
            requests.append(_request(peer))
            behaviour(peer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _request(peer: socket.socket) -> bytes:
    """What was sent: the head, and a body as long as ours is here."""
    got = peer.recv(65536)
    while got.startswith(b"POST") and not got.endswith(b"\r\n\r\n{}"):
        got += peer.recv(65536)
    return got


def answering(answer: bytes) -> Behaviour:
    return lambda peer: peer.sendall(answer)


def ask(url: str, seconds: float = 10.0, method: str = "GET") -> Asked:
    return Asked(method, f"{url}/x", {"Authorization": "Bearer t"}, None, seconds)


def why(url: str, seconds: float = 10.0) -> NotReached:
    with pytest.raises(NotReached) as caught:
        send(ask(url, seconds)).read()
    return caught.value


@pytest.mark.parametrize("status", [200, 404, 503])
def test_an_answer_of_any_status_is_one(status: int) -> None:
    """What it means is said by the server, in its body."""
    answer = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}".encode()

    with listening(answering(answer)) as url:
        got = send(ask(url))
        assert (status, b"{}") == (got.status, got.read())


def test_method_headers_and_body_are_sent_as_given() -> None:
    """With what they need to be understood."""
    requests: list[bytes] = []

    with listening(answering(EMPTY), requests) as url:
        assert b"" == send(ask(url, method="POST")._replace(body=b"{}")).read()

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /x HTTP/1.1\r\n")
    assert b"authorization: bearer t" in head.lower().splitlines()
    assert b"{}" == body


def test_a_stream_is_read_line_by_line() -> None:
    """Each as soon as it is there."""
    with listening(answering(b"HTTP/1.1 200 OK\r\n\r\nevent: a\r\ndata: 1\n\n")) as url:
        assert ["event: a", "data: 1", ""] == list(send(ask(url)).lines())


def test_nothing_listens() -> None:
    """The port is free: a server was forgotten, or the address is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    failure = why(f"http://127.0.0.1:{port}")

    assert "nothing listens there" in str(failure)
    assert not failure.lost


def test_no_such_host() -> None:
    """`.invalid` never is one."""
    assert "no such host" in str(why("http://flags.invalid"))


@pytest.mark.parametrize(
    "behaviour", [lambda _: None, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")]
)
def test_an_answer_that_breaks_off_is_lost(behaviour: Behaviour) -> None:
    """Before it began, or in the midst of it: the request may have been carried out."""
    with listening(behaviour) as url:
        assert why(url).lost


def test_a_server_that_does_not_answer() -> None:
    """It took the request, so it is not asked again."""
    done = threading.Event()

    with listening(lambda _: bool(done.wait(10)) and None) as url:
        failure = why(url, seconds=0.1)
        done.set()

    assert "has not answered in time" in str(failure)
    assert not failure.lost


def test_a_token_is_carried_nowhere_else() -> None:
    """A redirection is an answer like another, and not followed."""
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"

    with listening(answering(answer)) as url:
        assert 302 == send(ask(url)).status


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look for the server on its own machine."""
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")

    with listening(answering(EMPTY)) as url:
        assert 200 == send(ask(url)).status
    assert "no such host" in str(why("http://10.0.0.1:1"))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("http://127.0.0.1:8700", True),
        ("https://flags.example", True),
        ("http://[::1]:8700", True),
        ("flags.example:8700", False),
        ("ftp://flags.example", False),
        ("http://", False),
        ("http://x:port", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_what_can_be_a_servers_address(text: str, good: bool) -> None:
    """http or https, and a host."""
    assert is_address(text) is good
