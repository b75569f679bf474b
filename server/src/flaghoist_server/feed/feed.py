"""The feed: follows the store's logs and keeps every environment live, whatever happens to it.

It asks where the logs stand when it is hinted at a change and, anew, once a poll, and reads what it
does not have: no gap and no repetition, after any absence. A change made by this server comes in
by `accept` and need not be read back.

What it finds is judged (`standing.judge`):

    same        nothing to do
    ahead       the entries after ours are read and applied
    lost        the store has lost entries that we have (a failover, a backup put back by hand): a
                new epoch is begun on what the store has, and what is at risk is listed in `losses`
    replaced    another epoch. Begun on purpose (a restore, a lost tail found by another server):
                follow it. Not on purpose (the store was wiped and filled anew): hold
    gone        the store does not know the environment any more: hold

*Hold* means: go on serving what we have, refuse readiness and writes, and name the way out,
`flaghoist recover`. An empty store never empties the fleet.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold, follows
from flaghoist_server.change.state import Head, State
from flaghoist_server.feed.clock import new_epoch, utc_now
from flaghoist_server.feed.environment import LiveEnvironment
from flaghoist_server.feed.mirror import Mirror
from flaghoist_server.feed.standing import (
    Loss,
    Standing,
    beginning_of,
    gone_text,
    judge,
    lost_beginning,
    not_in_log,
    replaced_text,
)
from flaghoist_server.store.port import Conflict, Store, StoreError, StoreUnavailable

__all__ = ["Feed", "Listener"]

Listener = Callable[[LiveEnvironment, Sequence[Change]], None]
"""Called in the event loop, in order. Without changes: the environment is another than before."""

_PAGE = 1000

_log = logging.getLogger("flaghoist.feed")


class Feed:
    """Every environment of `store`, live.

    Args:
        now: the time as it stands in changes.
        new_epoch: makes the name of an epoch.
        mirror: where the last known state survives a restart while the store is away.
    """

    def __init__(
        self,
        store: Store,
        poll_seconds: float = 1.0,
        *,
        now: Callable[[], str] = utc_now,
        new_epoch: Callable[[], str] = new_epoch,
        mirror: Mirror | None = None,
    ) -> None:
        self.state: Literal["starting", "live", "stale"] = "starting"
        self.reason = ""
        """Why the feed is stale."""
        self.since = ""
        """When it became so."""
        self.losses: dict[str, Loss] = {}
        self.holds: dict[str, str] = {}
        """Environment -> why the store is not followed, and what to do."""
        self._store = store
        self._poll_seconds = poll_seconds
        self._now = now
        self._new_epoch = new_epoch
        self._mirror = mirror
        self._environments: dict[str, LiveEnvironment] = {}
        self._listeners: list[Listener] = []
        self._looking = asyncio.Lock()
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._started = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def environments(self) -> Mapping[str, LiveEnvironment]:
        """By name."""
        return self._environments

    @property
    def unready_because(self) -> str:
        """Why this server should not be given traffic; "" if it may."""
        if self.state == "starting":
            return "starting: the store has not been read yet"
        return "; ".join(self.holds.values())

    async def start(self) -> None:
        """Read everything, from the mirror if the store is away, and go on following.

        Raises:
            StoreError: the store cannot be used, or is away and there is no mirror.
        """
        mirrored = await self._mirrored()
        if self._mirror is not None and self._mirror.holds:
            self._environments = mirrored
        try:
            await self._start_store()
            await self.look()
        except StoreUnavailable as error:
            if not mirrored:
                raise
            self._environments = mirrored
            self._away(error)
        self._tasks = [
            asyncio.create_task(self._listen(), name="feed-hints"),
            asyncio.create_task(self._follow(), name="feed"),
        ]

    async def close(self) -> None:
        """Stop following; closing twice is fine. The store is its owner's to close."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        if self._mirror is not None:
            await self._mirror.close()

    def listen(self, listener: Listener) -> None:
        """Call `listener` for every change from now on."""
        self._listeners.append(listener)

    def accept(self, changes: Sequence[Change]) -> None:
        """Take in what this server has just appended."""
        for change in changes:
            live = self._environments.get(change.environment)
            if live is None and follows(empty(change.environment).head, change):
                self._adopt(fold(empty(change.environment), change))
            elif live is not None and follows(live.head, change):
                live.apply(change)
                self._tell(live, [change])
            else:
                self._wake.set()  # others have written in between: read on

    async def caught_up(self, environment: str, version: int) -> None:
        """Return once the environment is at `version` or beyond."""
        self._wake.set()
        while True:
            live = self._environments.get(environment)
            if live is not None and live.head.version >= version:
                return
            await self._moved.wait()

    async def accept_store(self, environment: str) -> bool:
        """Go to what the store has, whatever was known. False: it has no such environment.

        Raises:
            StoreError: the store is away.
        """
        async with self._looking:
            state = await self._store.load(environment)
            if state is not None:
                self._go_to(self._environments[environment], state)
        return state is not None

    def suspect(self, error: StoreError) -> None:
        """A call of somebody else has failed: the store is away, unless looking shows it there."""
        self._away(error)
        self._wake.set()

    async def go_on_to(self, found: Head) -> None:
        """Read on to where the store has just said that an environment stands.

        Raises:
            StoreError: the store is away; what is known stays.
        """
        async with self._looking:
            live = self._environments.get(found.environment)
            # It is an old answer: that we are beyond it by now says nothing against the store.
            if (
                live is not None
                and live.head.epoch == found.epoch
                and (live.head.version >= found.version or await self._read_on(live, found))
            ):
                return
        await self.look()

    async def look(self) -> None:
        """Compare every environment with the store and read what is new.

        Raises:
            StoreError: the store is away; what is known stays.
        """
        await self._compare(self._store.heads)

    async def _compare(self, asked: Callable[[], Awaitable[list[Head]]]) -> None:
        async with self._looking:
            known = {name: live.head for name, live in self._environments.items()}
            found = {head.environment: head for head in await asked()}
            for name in known | found:
                await self._reconcile(name, known.get(name), found.get(name))
        if self.state != "live":
            self._log_return()
        self.state, self.reason, self.since = "live", "", ""

    # Following.

    async def _mirrored(self) -> dict[str, LiveEnvironment]:
        states = await self._mirror.load() if self._mirror is not None else []
        return {state.head.environment: LiveEnvironment(state) for state in states}

    async def _start_store(self) -> None:
        if not self._started:
            await self._store.start()
            self._started = True

    async def _listen(self) -> None:
        async for _ in self._store.hints():
            self._wake.set()

    async def _follow(self) -> None:
        clock = asyncio.get_running_loop().time
        polled_at = clock()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(polled_at + self._poll_seconds):
                    await self._wake.wait()
            self._wake.clear()
            due = self.state != "live" or clock() >= polled_at + self._poll_seconds
            try:
                await self._start_store()
                await self._compare(self._store.heads if due else self._store.glance)
            except StoreError as error:
                self._away(error)
            except Exception as error:  # noqa: BLE001  # the feed outlives whatever it reads
                self._away(StoreError(f"what the store holds cannot be read: {error!r}"))
            if due:
                polled_at = clock()

    async def _reconcile(self, name: str, known: Head | None, found: Head | None) -> None:
        """Bring one environment to what the store has. `known`: what we had before we asked."""
        live = self._environments.get(name)
        if live is None or known is None:
            if found is not None and live is None:
                await self._load(name)
            return
        if live.head != known:
            self._wake.set()  # moved on while we asked: the answer is too old to judge by
            return
        if found is None:
            self._hold(live, gone_text(known))
            return
        match judge(known, found):
            case Standing.SAME:
                self.holds.pop(name, None)
            case Standing.AHEAD | Standing.REPLACED if await self._read_on(live, found):
                self.holds.pop(name, None)
            case Standing.REPLACED:
                await self._replaced(live)
            case Standing.LOST | Standing.AHEAD:
                await self._lost(live)

    async def _load(self, name: str) -> None:
        state = await self._store.load(name)
        if state is not None and name not in self._environments:
            self._adopt(state)

    async def _read_on(self, live: LiveEnvironment, found: Head) -> bool:
        """Apply the entries after ours, up to `found`. False: they do not follow ours."""
        while live.head.epoch != found.epoch or live.head.version < found.version:
            before = live.head
            applied = []
            for change in await self._store.read(live.name, before.version, _PAGE):
                if follows(live.head, change):
                    live.apply(change)
                    applied.append(change)
            if applied:
                self._tell(live, applied)
            elif live.head == before:
                return False
        return True

    async def _replaced(self, live: LiveEnvironment) -> None:
        """The store is in another epoch, which does not go on from where we are."""
        state = await self._store.load(live.name)
        first = await beginning_of(self._store, state.head) if state is not None else None
        if state is None or first is None or first.kind != "restore":
            self._hold(live, replaced_text(live.head, state))
            return
        self._note_loss(live, await not_in_log(self._store, live), first.version)
        self._go_to(live, state)

    async def _lost(self, live: LiveEnvironment) -> None:
        """The store has lost what we have: begin a new epoch on what it has, loudly."""
        known = live.head
        state = await self._store.load(live.name)
        if state is None or (live.state.flags and not state.flags):
            self._hold(live, gone_text(known))
            return
        lost = await not_in_log(self._store, live)
        if live.head != known:
            self._wake.set()  # an append of ours has come through meanwhile: look again
            return
        beginning = lost_beginning(state.head, known, lost, self._new_epoch(), self._now())
        try:
            await self._store.begin(beginning, state.head)
        except Conflict:
            self._wake.set()  # another server was first, or the store has moved: look again
            return
        self._note_loss(live, lost, beginning.version)
        self._go_to(live, fold(state, beginning))

    def _note_loss(self, live: LiveEnvironment, lost: Sequence[Change], since: int) -> None:
        self.losses[live.name] = Loss(self._now(), live.head, since, tuple(lost), live.state)
        _log.error(
            "the store lost entries that had been made: a new epoch begins without them",
            extra={
                "action": "feed.lost",
                "environment": live.name,
                "had": live.head.version,
                "since": since,
                "at_risk": sorted({key for change in lost for key in change.flags}),
            },
        )

    def _adopt(self, state: State) -> None:
        live = self._environments[state.head.environment] = LiveEnvironment(state)
        self._tell(live, [])

    def _go_to(self, live: LiveEnvironment, state: State) -> None:
        live.replace(state)
        self.holds.pop(live.name, None)
        self._tell(live, [])

    def _hold(self, live: LiveEnvironment, why: str) -> None:
        if self.holds.get(live.name) != why:
            self.holds[live.name] = why
            told = {"action": "feed.hold", "environment": live.name, "why": why}
            _log.error("the store is not followed: what is known goes on being served", extra=told)

    def _tell(self, live: LiveEnvironment, changes: Sequence[Change]) -> None:
        if self._mirror is not None:
            self._mirror.save(live.state)
        for listener in self._listeners:
            try:
                listener(live, changes)
            except Exception:  # noqa: BLE001  # one listener's failure is not the others'
                _log.exception("a listener of the feed failed", extra={"action": "feed.listener"})
        self._moved.set()
        self._moved = asyncio.Event()

    def _away(self, error: StoreError) -> None:
        self.reason = str(error)
        if self.state != "stale":
            self.state, self.since = "stale", self._now()
            told = {"action": "feed.stale", "why": self.reason}
            _log.warning("the store is away: flags are served as they were last known", extra=told)

    def _log_return(self) -> None:
        told = {"action": "feed.live", "environments": len(self._environments)}
        _log.info("the feed follows the store", extra=told)
