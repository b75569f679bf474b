"""Where websockets cannot pass: the same flags by plain HTTP, asked for again and again.

Rules: an answer is taken in by the same conversation as a stream's, so it is judged the same
way. The request runs in a daemon thread: `urllib` knows proxies and TLS, and knows no asyncio.
"""

from __future__ import annotations

import asyncio
import random
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import msgspec

from flaghoist.link.channel import Channel
from flaghoist.link.conversation import Conversation, Left
from flaghoist.link.failure import Failure, Unreachable, of_status
from flaghoist.link.identity import hello, position
from flaghoist.link.loop import in_daemon_thread
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Current, Report

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding

__all__ = ["Polling"]

MAX_BODY = 32 * 1024 * 1024
TIMEOUT_S = 10.0
OK, NOT_MODIFIED, FIRST_FAILURE = 200, 304, 300


class Polling(Channel):
    """Flags by GET with an ETag. `over` is set now and then, so that a stream is tried again."""

    transport = "polling"

    def __init__(self, url: str, token: str, holding: Holding) -> None:
        super().__init__(url)
        self._token = token
        self._holding = holding
        self._pace = holding.settings.pace
        self._upgrade_at = 0.0
        self._acknowledged: tuple[str, int] | None = None

    def renew(self) -> None:
        """A stream was tried in vain: go on polling."""
        self.over.clear()
        self._upgrade_at = time.monotonic() + self._pace.upgrade_s

    async def report(self, report: Report) -> None:
        who = msgspec.structs.asdict(hello(self._holding))
        known = ("instance", "sdk", "sdk_version", "app", "build", "epoch", "version")
        body = {name: who[name] for name in known} | {
            "sequence": report.sequence,
            "counts": report.counts,
            "rejected": report.rejected,
        }
        status, _, after = await self._request("/sdk/v1/report", msgspec.json.encode(body))
        if status >= FIRST_FAILURE:
            raise of_status(status, after, over_websocket=False)

    async def close(self) -> None:
        await self._end_task()

    async def _open(self) -> None:
        self.renew()
        await self._poll()

    async def _deliver(self) -> None:
        while True:
            await self._acknowledge()
            await asyncio.sleep(self._pace.poll_s * random.uniform(0.8, 1.2))
            await self._poll()
            if time.monotonic() >= self._upgrade_at:
                self.over.set()

    async def _poll(self) -> None:
        """Raises: Failure."""
        conversation = Conversation(self._holding)
        have = position(self._holding)
        etag = f"{have.epoch}.{have.version}" if have.epoch else ""
        await self._ask(conversation, etag)
        if not conversation.live:  # what came did not fit: the whole of it, then
            await self._ask(conversation, "")
        if not conversation.live:
            raise Unreachable("what the server sends does not fit together")

    async def _ask(self, conversation: Conversation, etag: str) -> None:
        status, body, retry_after = await self._request("/sdk/v1/snapshot", etag=etag)
        if status == NOT_MODIFIED:
            have = position(self._holding)
            body = encode(Current(have.epoch, have.version))
        elif status != OK:
            raise of_status(status, retry_after, over_websocket=False)
        try:
            conversation.hear(body)
        except Left as left:
            raise Unreachable(str(left)) from left

    async def _acknowledge(self) -> None:
        """Tell the fleet view what is in use here; without it, flags are followed all the same."""
        have = position(self._holding)
        if self._acknowledged == (have.epoch, have.version):
            return
        try:
            await self.report(Report(0))
            self._acknowledged = (have.epoch, have.version)
        except Failure as failure:
            self._holding.last_error = str(failure)

    async def _request(
        self, path: str, body: bytes | None = None, etag: str = ""
    ) -> tuple[int, bytes, str | None]:
        """(status, body, Retry-After). Raises: Failure."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if etag:
            headers["If-None-Match"] = f'"{etag}"'
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310 - http(s): checked in `settings`
        try:
            return await in_daemon_thread(lambda: _fetch(request))
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _fetch(request: urllib.request.Request) -> tuple[int, bytes, str | None]:
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            body = answer.read(MAX_BODY + 1)
            if len(body) > MAX_BODY:
                raise ValueError(f"an answer of more than {MAX_BODY} bytes")
            return answer.status, body, answer.headers.get("Retry-After")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b"", error.headers.get("Retry-After")
