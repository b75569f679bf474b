"""The management API as commands call it: one method a verb, every failure a clear sentence.

Rules: nothing here prints. A change carries an idempotency key, so that one whose answer was
lost (the server was restarted in between) is asked for again and is never made twice.
"""

from __future__ import annotations

import functools
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed

__all__ = ["Api", "flag_path", "path"]

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
LOST = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
"""The connection broke after the request had left: nobody knows whether it was carried out."""


def path(*parts: str) -> str:
    """A path beneath /api/v1, each part quoted."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def flag_path(environment: str, key: str) -> str:
    """A flag's address: its key may hold slashes, and keeps them."""
    return path("environments", environment, "flags") + "/" + quote(key, safe="/")


class Api:
    """A server at `url`, spoken to with a token that is asked for when it is needed first.

    Close it, or use it as a context manager.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._token = functools.cache(token)
        self._client = httpx.Client(
            base_url=_checked(self.url),
            auth=self._authorised,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, where: str, **params: str | int | None) -> Any:
        """The answer to a question."""
        return self._parsed(self._asked("GET", where, params=_given(params)))

    def get_bytes(self, where: str, **params: str | int | None) -> bytes:
        """The answer to a question as the server wrote it."""
        return self._asked("GET", where, params=_given(params)).content

    def post(
        self, where: str, body: Mapping[str, Any], *, wait: float | None = None, **headers: str
    ) -> Any:
        """The answer to a request that changes something; with `wait` it comes with a receipt."""
        headers.setdefault("Idempotency-Key", secrets.token_hex(16))
        params = {} if wait is None else {"wait": f"{wait:g}"}
        timeout = httpx.Timeout(ANSWER_SECONDS + (wait or 0), connect=CONNECT_SECONDS)
        request = {"json": body, "headers": headers, "params": params, "timeout": timeout}
        try:
            return self._parsed(self._asked("POST", where, **request))
        except CommandFailed as failure:
            if not isinstance(failure.__cause__, LOST):
                raise
            return self._parsed(self._asked("POST", where, **request))

    def delete(self, where: str) -> Any:
        """Take something away."""
        return self._parsed(self._asked("DELETE", where))

    def events(self, where: str) -> Iterator[tuple[str, Any]]:
        """Server-sent events as (name, data), until the server or the reader has enough."""
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        accept = {"Accept": "text/event-stream"}
        try:
            with self._client.stream("GET", where, headers=accept, timeout=timeout) as response:
                if response.status_code >= 400:
                    response.read()
                    raise refusal(response)
                yield from _events(response.iter_lines())
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _authorised(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {_printable(self._token())}"
        return request

    def _asked(self, method: str, where: str, **request: Any) -> httpx.Response:
        try:
            response = self._client.request(method, where, **request)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 400:
            raise refusal(response)
        return response

    def _parsed(self, response: httpx.Response) -> Any:
        if not response.content:
            return {}
        try:
            return response.json()
        except ValueError as error:
            raise CommandFailed(
                f"{self.url} answered, but not as a Flaghoist server does; is --url right?"
            ) from error

    def _unreachable(self, error: httpx.HTTPError) -> CommandFailed:
        return CommandFailed(f"cannot reach {self.url}: {_why(error)}")


def _given(params: Mapping[str, str | int | None]) -> dict[str, str | int]:
    return {name: value for name, value in params.items() if value is not None}


def refusal(response: httpx.Response) -> CommandFailed:
    """What a refusal means for the one who asked, from its problem document."""
    problem = _problem(response)
    status = response.status_code
    detail = str(problem.get("detail") or problem.get("title") or response.reason_phrase)
    advice = _ADVICE.get(status, "")
    exit_code = BAD_INPUT if status in (400, 422) else 1
    details = {"status": status, "problem": problem} if problem else {"status": status}
    return CommandFailed(f"{detail}{advice}" if advice else detail, exit_code, details)


_ADVICE = {
    401: "; give a valid token with --token, FLAGHOIST_TOKEN or FLAGHOIST_TOKEN_FILE",
}


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
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


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise CommandFailed(
            f"{url!r} is no address of a server; write it as http://HOST:PORT", BAD_INPUT
        )
    return url


def _printable(token: str) -> str:
    """A header takes ASCII without line breaks; anything else was no token of ours."""
    if not token.isascii() or not token.isprintable():
        raise CommandFailed(
            "the token has characters that no token has; copy it again, whole and on one line",
            BAD_INPUT,
        )
    return token


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return f"no answer within {CONNECT_SECONDS:g} s; check the address, or a firewall between"
    if isinstance(error, httpx.TimeoutException):
        return "it took the request and has not answered in time; see its log"
    if isinstance(error, LOST):
        return "it closed the connection before it answered; see its log"
    text = str(error)
    if "Connection refused" in text or "All connection attempts failed" in text:
        return "nothing listens there; start it with `flaghoist serve`, or give another --url"
    if "Name or service not known" in text or "name resolution" in text:
        return "no such host; check --url"
    return text or type(error).__name__
