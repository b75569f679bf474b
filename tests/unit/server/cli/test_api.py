"""The API as commands call it, against answers that a real server rarely gives."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from flaghoist_server.cli.api import Api, flag_path, path
from flaghoist_server.cli.failure import BAD_INPUT, REFUSED, CommandFailed
from flaghoist_server.cli.transport import Answer, Asked, NotReached

Handler = Callable[[Asked], Answer]


def api(handler: Handler, token: str = "a-token-of-some-length") -> Api:
    return Api("http://flags.example", lambda: token, handler)


def failure(handler: Handler) -> CommandFailed:
    with pytest.raises(CommandFailed) as caught:
        api(handler).get("/api/v1/environments")
    return caught.value


def text(body: str, status: int = 200) -> Answer:
    return Answer(status, io.BytesIO(body.encode()))


def problem(status: int, detail: str) -> Handler:
    return lambda _: text(json.dumps({"status": status, "detail": detail}), status)


@pytest.mark.parametrize(
    ("status", "exit_code", "said"),
    [
        (401, REFUSED, "the server does not know this token"),
        (403, REFUSED, "a token of role 'viewer' may not do this"),
        (404, REFUSED, "there is no flag 'x'"),
        (412, REFUSED, "it is at version 12 now"),
        (422, BAD_INPUT, "percent is from 0 to 100"),
        (503, REFUSED, "the store cannot be reached"),
    ],
)
def test_a_refusal_is_said_with_what_to_do(status: int, exit_code: int, said: str) -> None:
    """The server knows what is wrong; the command adds what only it knows: its options."""
    caught = failure(problem(status, said))

    assert caught.message.startswith(said)
    assert exit_code == caught.exit_code


def test_a_server_that_cannot_be_reached_is_named_with_the_reason() -> None:
    """One line: which address, and why."""

    def fail(_: Asked) -> Answer:
        raise NotReached("nothing listens there")

    assert "cannot reach http://flags.example: nothing listens there" == failure(fail).message


def test_something_else_behind_the_address_is_found_out() -> None:
    """A proxy's page is no answer, whatever its status."""
    assert "is --url right?" in failure(lambda _: text("<html>welcome</html>")).message
    assert "is --url right?" in failure(lambda _: text("<html>no</html>", 404)).message


def test_a_change_whose_answer_was_lost_is_asked_for_again_with_the_same_key() -> None:
    """So that it is made once, whether or not it had been made when the answer was lost."""
    keys: list[str] = []

    def lose_the_first(asked: Asked) -> Answer:
        keys.append(asked.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise NotReached("it closed the connection", lost=True)
        return text('{"version": 7}')

    answer = api(lose_the_first).post("/api/v1/x/changes", {"command": "kill"})

    assert {"version": 7} == answer
    assert [keys[0], keys[0]] == keys


def test_a_change_that_never_left_is_not_asked_for_again() -> None:
    """There is nothing in doubt: nothing listened."""
    asked: list[Asked] = []

    def refuse(request: Asked) -> Answer:
        asked.append(request)
        raise NotReached("nothing listens there")

    with pytest.raises(CommandFailed):
        api(refuse).post("/x", {})

    assert 1 == len(asked)


def test_two_changes_have_two_keys() -> None:
    """A repeated command is a second change, not a repeated answer."""
    keys: set[str] = set()

    def note(asked: Asked) -> Answer:
        keys.add(asked.headers["Idempotency-Key"])
        return text("{}")

    server = api(note)
    server.post("/x", {})
    server.post("/x", {})

    assert 2 == len(keys)


def test_a_wait_is_asked_of_the_server_and_given_time() -> None:
    """The request may take that much longer than one without."""
    seen: list[Asked] = []

    def note(asked: Asked) -> Answer:
        seen.append(asked)
        return text("{}")

    api(note).post("/x", {}, wait=2.5)

    assert "http://flags.example/x?wait=2.5" == seen[0].url
    assert 32.5 == seen[0].seconds


def test_events_are_read_by_name_and_data() -> None:
    """Comments and keep-alives are passed over, and data may span lines."""
    stream = ': hello\n\nevent: fleet\ndata: {"version":\ndata: 3}\n\nevent: counts\ndata: {}\n\n'

    events = list(api(lambda _: text(stream)).events("/live"))

    assert [("fleet", {"version": 3}), ("counts", {})] == events


@pytest.mark.parametrize("token", ["two\nlines", "ünïcode", "tab\there"])
def test_a_text_that_is_no_token_is_not_sent(token: str) -> None:
    """It would be a header of somebody's making, or fail deep inside the transport."""
    with pytest.raises(CommandFailed, match="no token has"):
        api(lambda _: text("{}"), token).get("/x")


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
