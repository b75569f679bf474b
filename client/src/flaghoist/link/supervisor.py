"""The link's main task: one channel at a time, for ever, and another before the old one goes.

Rules: the only place that decides when to connect (by `Schedule`) and by which kind of channel.
Imported by the link's thread when it starts, because asyncio and websockets cost 150 ms.

    wait for the schedule → open a stream ── blocked? → open polling ─┐
        ▲                        │ live                               │ live
        │ failed                 ▼                                    ▼
        └──────────────  it takes the place of the old channel, which is closed
                                 │ over: it ended, said goodbye, or is polling and tries upwards
        ◄────────────────────────┘
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING

from flaghoist.link.failure import Blocked, Failure, Refused, Unreachable
from flaghoist.link.keeper import Keeper
from flaghoist.link.polling import Polling
from flaghoist.link.schedule import Schedule
from flaghoist.link.stream import Stream

if TYPE_CHECKING:
    from flaghoist.link.cache import DiskCache
    from flaghoist.link.channel import Channel
    from flaghoist.link.holding import Holding
    from flaghoist.link.thread import Link
    from flaghoist.telemetry.reporter import Reporter

__all__ = ["Supervisor", "supervise"]

REPORT_PAUSE_S = 1.0
FAREWELL_S = 0.2
"""For the cache, the last report and the close frame; a program that ends waits no longer."""
UNANSWERED_LIMIT = 2
"""Streams that open and say nothing before plain HTTP is tried."""


async def supervise(
    link: Link, holding: Holding, reporter: Reporter, cache: DiskCache | None
) -> None:
    """Follow a server until the link is stopped."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # it has stopped by itself
            loop.call_soon_threadsafe(stop.set)

    link.wake = wake
    if link.stopping.is_set():
        return
    supervisor = Supervisor(holding, reporter)
    tasks = [asyncio.create_task(supervisor.follow()), asyncio.create_task(supervisor.report())]
    keeper = None if cache is None else Keeper(holding, cache)
    if keeper is not None:
        tasks.append(asyncio.create_task(keeper.keep()))
    await stop.wait()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_S):
            # At once: a slow disk must not keep the server from hearing that we go.
            await asyncio.gather(supervisor.farewell(), *([keeper.catch_up()] if keeper else []))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Supervisor:
    """Follows servers by the schedule. One per link."""

    def __init__(self, holding: Holding, reporter: Reporter) -> None:
        self._holding = holding
        self._reporter = reporter
        self._urls = holding.settings.urls
        self._schedule = Schedule(len(self._urls), random.Random())
        self._channel: Channel | None = None
        self._unanswered = 0

    async def follow(self) -> None:
        """For ever: whatever fails is retried."""
        while True:
            server, when = self._schedule.next(time.monotonic())
            await asyncio.sleep(max(0.0, when - time.monotonic()))
            channel = await self._try(server)
            if channel is None:
                self._holding.nothing_better_comes()
                continue
            await self._replace_by(channel)
            await channel.over.wait()
            self._after(channel, server)

    async def report(self) -> None:
        """Once a second, if there is anything to say and somebody to say it to."""
        while True:
            await asyncio.sleep(REPORT_PAUSE_S)
            await self._report()

    async def farewell(self) -> None:
        """The last report, and a close frame."""
        await self._report()
        channel, self._channel = self._channel, None
        self._holding.lost()
        if channel is not None:
            await channel.close()

    async def _try(self, server: int) -> Channel | None:
        """A live channel to this server, or `None` and the schedule knows."""
        try:
            return await self._open(self._urls[server])
        except Refused as refused:
            self._note(server, refused)
            self._schedule.refused(server, time.monotonic(), refused.retry_after_s)
        except Failure as failure:
            self._note(server, failure)
            self._schedule.lost(server, time.monotonic())
        except Exception as error:  # noqa: BLE001 - a defect, of ours or a library's: try again
            self._note(server, Unreachable(f"connecting failed by a defect: {error!r}"))
            self._schedule.lost(server, time.monotonic())
        return None

    async def _open(self, url: str) -> Channel:
        try:
            token = self._holding.settings.current_token()
        except OSError as error:
            raise Refused(f"the token cannot be read: {error}") from error
        try:
            return await self._open_stream(url, token)
        except Blocked as blocked:
            self._holding.last_error = str(blocked)
            return await self._open_polling(url, token)

    async def _open_stream(self, url: str, token: str) -> Channel:
        stream = Stream(url, token, self._holding)
        try:
            await stream.open()
        except Unreachable as failure:
            self._unanswered = self._unanswered + 1 if stream.unanswered else 0
            if self._unanswered >= UNANSWERED_LIMIT:
                raise Blocked(f"streams open and stay silent: {failure}") from failure
            raise
        self._unanswered = 0
        return stream

    async def _open_polling(self, url: str, token: str) -> Channel:
        current = self._channel
        if isinstance(current, Polling) and current.alive and current.url == url:
            current.renew()
            return current
        polling = Polling(url, token, self._holding)
        await polling.open()
        return polling

    async def _replace_by(self, channel: Channel) -> None:
        """Make before break: the new one is live, now the old one may go."""
        old, self._channel = self._channel, channel
        self._schedule.opened(time.monotonic())
        if channel is old:
            return
        if old is not None:
            self._holding.reconnects += 1
        channel.on_end = lambda: self._ended(channel)
        self._holding.follows(channel.transport, channel.url)
        self._reporter.say_again()
        if old is not None:
            await old.close()
        if not channel.alive:
            self._ended(channel)

    def _ended(self, channel: Channel) -> None:
        if self._channel is channel:
            self._holding.lost()

    def _after(self, channel: Channel, server: int) -> None:
        """A channel is over: when is the next one to be opened?"""
        now = time.monotonic()
        failure = channel.failure
        if failure is None:
            self._schedule.move(server, now, channel.spread_s)
            return
        self._note(server, failure)
        if isinstance(failure, Refused):
            self._schedule.refused(server, now, failure.retry_after_s)
        else:
            self._schedule.lost(server, now)

    def _note(self, server: int, failure: Failure) -> None:
        self._holding.trouble(failure.kind, f"{self._urls[server]}: {failure}")

    async def _report(self) -> None:
        channel = self._channel
        if channel is None or not channel.alive:
            return
        for report in self._reporter.due(self._holding.snapshot.rejected):
            try:
                await channel.report(report)
            except Failure:
                return  # it is kept for the next channel; why it failed, the channel itself says
            except Exception as error:  # noqa: BLE001 - a defect: no report is worth the others
                self._holding.last_error = f"a report could not be sent: {error!r}"
            self._reporter.sent(report)
