"""The API as commands call it, against answers that a real server rarely gives."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from flaghoist_server.cli.api import Api, flag_path, path
from flaghoist_server.cli.failure import BAD_INPUT, REFUSED, CommandFailed

Handler = Callable[[httpx.Request], httpx.Response]


def api(handler: Handler, token: str = "a-token-of-some-length") -> Api:
    return Api("http://flags.example", lambda: token, httpx.MockTransport(handler))


def failure(handler: Handler) -> CommandFailed:
    with api(handler) as server, pytest.raises(CommandFailed) as caught:
        server.get("/api/v1/environments")
    return caught.value


def problem(status: int, detail: str) -> Handler:
    return lambda _: httpx.Response(status, json={"status": status, "detail": detail})


@pytest.mark.parametrize(
    ("status", "exit_code", "said"),
    [
        (401, REFUSED, "the token is not valid; give a valid token with --token"),
        (403, REFUSED, "a token of role 'viewer' may not do this"),
        (404, REFUSED, "there is no flag 'x'"),
        (412, REFUSED, "moved on; look at it again"),
        (422, BAD_INPUT, "percent is from 0 to 100"),
        (503, REFUSED, "the store cannot be reached"),
    ],
)
def test_a_refusal_is_said_with_what_to_do(status: int, exit_code: int, said: str) -> None:
    """The server knows what is wrong; the command adds what only it knows: its options."""
    caught = failure(problem(status, said.partition(";")[0]))

    assert caught.message.startswith(said)
    assert exit_code == caught.exit_code


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), "nothing listens there"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), "no such host"),
        (httpx.ConnectTimeout("timed out"), "no answer within 5 s"),
        (httpx.ReadTimeout("timed out"), "has not answered in time"),
        (httpx.ReadError("reset"), "closed the connection before it answered"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named_with_the_reason(
    error: Exception, said: str
) -> None:
    """One line: which address, why, and what may help."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    message = failure(fail).message

    assert message.startswith("cannot reach http://flags.example: ")
    assert said in message


def test_something_else_behind_the_address_is_found_out() -> None:
    """A proxy's page is no answer, whatever its status."""
    caught = failure(lambda _: httpx.Response(200, text="<html>welcome</html>"))

    assert "is --url right?" in caught.message


def test_a_change_whose_answer_was_lost_is_asked_for_again_with_the_same_key() -> None:
    """So that it is made once, whether or not it had been made when the answer was lost."""
    keys: list[str] = []

    def lose_the_first(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx.ReadError("connection reset by peer")
        return httpx.Response(200, json={"version": 7})

    with api(lose_the_first) as server:
        answer = server.post("/api/v1/environments/production/changes", {"command": "kill"})

    assert {"version": 7} == answer
    assert [keys[0], keys[0]] == keys


def test_two_changes_have_two_keys() -> None:
    """A repeated command is a second change, not a repeated answer."""
    keys: set[str] = set()

    def note(request: httpx.Request) -> httpx.Response:
        keys.add(request.headers["Idempotency-Key"])
        return httpx.Response(200, json={})

    with api(note) as server:
        server.post("/x", {})
        server.post("/x", {})

    assert 2 == len(keys)


def test_events_are_read_by_name_and_data() -> None:
    """Comments and keep-alives are passed over, and data may span lines."""
    text = ': hello\n\nevent: fleet\ndata: {"version":\ndata: 3}\n\nevent: counts\ndata: {}\n\n'

    with api(lambda _: httpx.Response(200, text=text)) as server:
        events = list(server.events("/live"))

    assert [("fleet", {"version": 3}), ("counts", {})] == events


@pytest.mark.parametrize("token", ["two\nlines", "ünïcode", "tab\there"])
def test_a_text_that_is_no_token_is_not_sent(token: str) -> None:
    """It would be a header of somebody's making, or fail deep inside the transport."""
    with (
        api(lambda _: httpx.Response(200, json={}), token) as server,
        pytest.raises(CommandFailed, match="no token has"),
    ):
        server.get("/x")


@pytest.mark.parametrize("url", ["flags.example:8700", "ftp://flags.example", "http://", "[", ""])
def test_what_is_no_address_is_bad_input(url: str) -> None:
    """Said before anything is tried."""
    with pytest.raises(CommandFailed, match="is no address of a server") as caught:
        Api(url, lambda: "token")

    assert BAD_INPUT == caught.value.exit_code


def test_names_are_quoted_in_paths_and_slashes_of_keys_are_kept() -> None:
    """Whatever somebody types stays one name."""
    assert "/api/v1/environments/a%2Fb/history" == path("environments", "a/b", "history")
    assert "/api/v1/environments/prod/flags/team/x%20y" == flag_path("prod", "team/x y")
