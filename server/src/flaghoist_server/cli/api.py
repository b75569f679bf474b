"""The management API as commands call it: one method a verb, every failure a clear sentence.

Rules: nothing here prints. A change carries an idempotency key, so that one whose answer was
lost (the server was restarted in between) is asked for again and is never made twice.
"""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.transport import Answer, Asked, NotReached, is_address, send

__all__ = ["Api", "flag_path", "path"]

ANSWER_SECONDS = 30.0
SILENCE_SECONDS = 15.0
"""A stream of events says something every second; so long without a word, and it has broken."""


def path(*parts: str) -> str:
    """A path beneath /api/v1, each part quoted."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def flag_path(environment: str, key: str) -> str:
    """A flag's address: its key may hold slashes, and keeps them."""
    return path("environments", environment, "flags") + "/" + quote(key, safe="/")


class Api:
    """A server at `url`, spoken to with a token that is asked for when it is needed first."""

    def __init__(
        self, url: str, token: Callable[[], str], transport: Callable[[Asked], Answer] = send
    ) -> None:
        if not is_address(url):
            raise CommandFailed(
                f"{url!r} is no address of a server; write it as http://HOST:PORT", BAD_INPUT
            )
        self.url = url.rstrip("/")
        self._token = functools.cache(lambda: _printable(token()))
        self._send = transport

    def get(self, where: str, **params: str | int | None) -> Any:
        """The answer to a question."""
        return self._parsed(self.get_bytes(where, **params))

    def get_bytes(self, where: str, **params: str | int | None) -> bytes:
        """The answer to a question as the server wrote it."""
        return self._asked(self._request("GET", where + _query(params)))

    def post(
        self, where: str, body: Mapping[str, Any], *, wait: float | None = None, **headers: str
    ) -> Any:
        """The answer to a request that changes something; with `wait` it comes with a receipt."""
        headers = {
            "Idempotency-Key": secrets.token_hex(16),
            "Content-Type": "application/json",
            **headers,
        }
        where += _query({"wait": None if wait is None else f"{wait:g}"})
        request = self._request("POST", where, ANSWER_SECONDS + (wait or 0), headers)
        request = request._replace(body=json.dumps(body).encode())
        try:
            return self._parsed(self._asked(request))
        except CommandFailed as failure:
            if not getattr(failure.__cause__, "lost", False):
                raise
            return self._parsed(self._asked(request))

    def delete(self, where: str) -> Any:
        """Take something away."""
        return self._parsed(self._asked(self._request("DELETE", where)))

    def events(self, where: str) -> Iterator[tuple[str, Any]]:
        """Server-sent events as (name, data), until the server or the reader has enough."""
        accept = {"Accept": "text/event-stream"}
        try:
            answer = self._send(self._request("GET", where, SILENCE_SECONDS, accept))
            if answer.status >= 400:
                raise refusal(answer.status, answer.read())
            yield from _events(answer.lines())
        except NotReached as error:
            raise self._unreachable(error) from error

    def _request(
        self,
        method: str,
        where: str,
        seconds: float = ANSWER_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> Asked:
        authorized = {"Authorization": f"Bearer {self._token()}", **(headers or {})}
        return Asked(method, self.url + where, authorized, None, seconds)

    def _asked(self, request: Asked) -> bytes:
        try:
            answer = self._send(request)
            body = answer.read()
        except NotReached as error:
            raise self._unreachable(error) from error
        if answer.status >= 400:
            raise refusal(answer.status, body)
        return body

    def _parsed(self, body: bytes) -> Any:
        if not body:
            return {}
        try:
            return json.loads(body)
        except ValueError as error:
            raise CommandFailed(
                f"{self.url} answered, but not as a Flaghoist server does; is --url right?"
            ) from error

    def _unreachable(self, error: NotReached) -> CommandFailed:
        return CommandFailed(f"cannot reach {self.url}: {error}")


def _query(params: Mapping[str, str | int | None]) -> str:
    given = {name: value for name, value in params.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def refusal(status: int, body: bytes) -> CommandFailed:
    """What a refusal means for the one who asked, from its problem document."""
    problem = _problem(body)
    said = str(problem.get("detail") or problem.get("title") or _NO_PROBLEM.format(status))
    said = _BETTER_SAID_HERE.get(status, said) if problem else said
    exit_code = BAD_INPUT if status in (400, 422) else 1
    details = {"status": status, "problem": problem} if problem else {"status": status}
    return CommandFailed(said, exit_code, details)


_NO_PROBLEM = "the answer was {}, and not one that a Flaghoist server gives; is --url right?"
_BETTER_SAID_HERE = {
    401: "the server does not know this token, or not any more; give a valid one with --token, "
    "FLAGHOIST_TOKEN or FLAGHOIST_TOKEN_FILE",
}


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name, data = "message", []
    for line in lines:
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = "message", []


def _printable(token: str) -> str:
    """A header takes ASCII without line breaks; anything else was no token of ours."""
    if not token.isascii() or not token.isprintable():
        raise CommandFailed(
            "the token has characters that no token has; copy it again, whole and on one line",
            BAD_INPUT,
        )
    return token
