"""A store in Redis, for any number of servers: the log is a stream with explicit ids VERSION-0.

Rules: an entry is appended by compare-and-set in one script, together with the head, the index and
the idempotent answer. The head is the truth of where an environment stands and is polled on a fresh
connection; Pub/Sub only wakes. The state is folded in Python, from the newest snapshot on, so that
there is one `fold`; a snapshot is made beside the appends and delays none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Final

import msgspec

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.store.port import (
    Conflict,
    Head,
    IdempotentAnswer,
    State,
    StoreError,
    TokenRecord,
)
from flaghoist_server.store.redis import snapshots
from flaghoist_server.store.redis.append import Batch, append_command
from flaghoist_server.store.redis.check import Fitness, examine
from flaghoist_server.store.redis.follow import Follower
from flaghoist_server.store.redis.keys import Keys, touched_member
from flaghoist_server.store.redis.line import Answer, Line
from flaghoist_server.store.redis.target import read_url
from flaghoist_server.store.redis.waiting import enough, patience_of, wait_commands
from flaghoist_server.store.redis.wire import Command, Reply

__all__ = ["RedisStore"]

log = logging.getLogger(__name__)

FORMAT: Final = 1
PAGE: Final = 1000

_entry = msgspec.json.Decoder(Change)
_answer = msgspec.json.Decoder(IdempotentAnswer)
_token = msgspec.json.Decoder(TokenRecord)
_encode = msgspec.json.Encoder().encode


class RedisStore:
    """Implements `Store`."""

    def __init__(self, url: str) -> None:
        self._target = read_url(url)
        self.url = self._target.shown
        self._options = self._target.options
        self._keys = Keys(self._options.prefix)
        self._line = Line(self._target, on_move=self._moved)
        self._follower = Follower(self._target, self._keys.hints)
        self._fitness = Fitness(durable=False)
        self._seen: list[str] = []
        self._beside: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """See `Store.start`: every primary is fit, and what it holds is ours and whole."""
        await self._examine()
        await self._check_format()
        await self._check_logs()

    async def close(self) -> None:
        """See `Store.close`."""
        self._follower.close()
        beside = list(self._beside.values())
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        self._line.close()

    async def heads(self) -> list[Head]:
        """See `Store.heads`. An open connection may be to a primary that was."""
        async with self._line.anew() as line:
            return await self._heads(line)

    async def glance(self) -> list[Head]:
        """See `Store.glance`."""
        return await self._heads(self._line)

    async def begin(self, change: Change, after: Head | None) -> bool:
        """See `Store.begin`."""
        if after is None:  # a name without a head is not there yet, so the name may come first
            await self._line.call(
                self._keys.tag, ["SADD", self._keys.environments, change.environment]
            )
        return await self._append([Batch([change], after)], None)

    async def load(self, environment: str) -> State | None:
        """See `Store.load`."""
        return await self._state(environment)

    async def read(self, environment: str, after: int, limit: int = PAGE) -> list[Change]:
        """See `Store.read`."""
        return await self._entries(environment, after, "+", limit)

    async def base(self, environment: str, version: int) -> State | None:
        """See `Store.base`."""
        return await snapshots.newest(self._line, self._keys, environment, version)

    async def history(
        self, environment: str, key: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Change]:
        """See `Store.history`."""
        if key is not None:
            return await self._history_of_flag(environment, key, limit, before)
        newest = "+" if before is None else f"{before - 1}-0"
        wanted: Command = ["XREVRANGE", self._keys.log(environment), newest, "-", "COUNT", limit]
        (reply,) = await self._line.call(environment, wanted)
        return _changes(reply)

    async def append(
        self, changes: Sequence[Change], answer: IdempotentAnswer | None = None
    ) -> bool:
        """See `Store.append`."""
        in_order = sorted(changes, key=lambda change: (change.environment, change.version))
        groups = groupby(in_order, key=lambda change: change.environment)
        batches = [_following(list(entries)) for _, entries in groups]
        if len(batches) > 1 and self._target.shape == "cluster":
            raise StoreError(
                "a Cluster cannot change several environments at once: do one after the other"
            )
        return await self._append(batches, answer)

    async def settled(self, change: Change) -> bool:
        """See `Store.settled`."""
        name, entry_id = change.environment, f"{change.version}-0"
        asked: list[Command] = [
            ["XRANGE", self._keys.log(name), entry_id, entry_id],
            ["SET", self._keys.mark(name), 1, "PX", 1000],
            *wait_commands(self._options),
        ]
        answer = await self._line.attempt(name, lambda _again: asked, patience_of(self._options))
        return _changes(answer.replies[0]) == [change] and await self._is_durable(answer, 2)

    async def remembered(self, key: str) -> IdempotentAnswer | None:
        """See `Store.remembered`. An answer lies beside the environment that it is about.

        In one that was made a moment ago it may not be found; the append then is refused for it.
        """
        tags = [self._keys.tag, *(self._seen or await self._names(self._line))]
        asked: dict[str, Command] = {tag: ["GET", self._keys.answer(tag, key)] for tag in tags}
        found = [reply for reply in (await self._line.each(asked)).values() if reply]
        return _answer.decode(found[0]) if found else None

    async def put_token(self, token: TokenRecord) -> None:
        """See `Store.put_token`."""
        record: Command = ["HSET", self._keys.tokens, token.id, _encode(token)]
        await self._line.call(self._keys.tag, record)
        with suppress(StoreError):  # it is only a hint
            await self._line.call(self._keys.tag, ["PUBLISH", self._keys.hints, ""])

    async def tokens(self) -> list[TokenRecord]:
        """See `Store.tokens`."""
        (records,) = await self._line.call(self._keys.tag, ["HVALS", self._keys.tokens])
        return sorted(map(_token.decode, records), key=lambda token: token.id)

    def hints(self) -> AsyncIterator[str]:
        """See `Store.hints`."""
        return self._follower.names()

    # --- appending ---

    async def _append(self, batches: list[Batch], answer: IdempotentAnswer | None) -> bool:
        tag = batches[0].environment if batches else self._keys.tag
        wait = wait_commands(self._options)

        def commands(again: bool) -> list[Command]:
            return [append_command(self._keys, batches, answer, again), *wait]

        answered = await self._line.attempt(tag, commands, patience_of(self._options))
        outcome, *told = answered.replies[0]
        if outcome == b"conflict":
            lost = batches[told[0] - 1].environment
            raise Conflict(lost, _head(lost, told[1:]) if told[1] else None)
        for batch, due in zip(batches, told, strict=True):
            if batch.entries[-1].version >= int(due or snapshots.AT_LEAST):
                work = self._keep_snapshot(batch.environment, batch.entries[-1].version)
                self._run_beside(f"snapshot of {batch.environment}", work)
        return await self._is_durable(answered, 1)

    async def _is_durable(self, answer: Answer, waits_from: int) -> bool:
        """Whether what was written is as durable as configured, by the replies from there on."""
        waited = answer.replies[waits_from:]
        if not self._fitness.durable or not enough(self._options, waited):
            return False
        return not waited or await self._line.vouched(answer.by)

    async def _keep_snapshot(self, environment: str, version: int) -> None:
        state = await self._state(environment, version)
        if state is not None:
            await snapshots.keep(self._line, self._keys, state)

    # --- reading ---

    async def _heads(self, line: Line) -> list[Head]:
        names = self._seen = await self._names(line)
        fields = ["epoch", "version", "hash", "at"]
        asked: dict[str, Command] = {n: ["HMGET", self._keys.head(n), *fields] for n in names}
        replies = await line.each(asked)
        return [_head(name, replies[name]) for name in names if replies[name][0] is not None]

    async def _names(self, line: Line) -> list[str]:
        (names,) = await line.call(self._keys.tag, ["SMEMBERS", self._keys.environments])
        return sorted(name.decode() for name in names)

    async def _state(self, environment: str, at: int | None = None) -> State | None:
        """The newest snapshot and the entries after it; at the head, or at version `at`."""
        state = await snapshots.newest(self._line, self._keys, environment, at)
        last = "+" if at is None else f"{at}-0"
        more = True
        while more:
            after = state.head.version if state else 0
            entries = await self._entries(environment, after, last, PAGE)
            if entries:
                state = fold_all(state or empty(environment), entries)
            more = len(entries) == PAGE
        return state

    async def _entries(self, environment: str, after: int, last: str, limit: int) -> list[Change]:
        log_key = self._keys.log(environment)
        wanted: Command = ["XRANGE", log_key, f"{after + 1}-0", last, "COUNT", limit]
        (reply,) = await self._line.call(environment, wanted, patience_s=snapshots.LOAD_PATIENCE_S)
        return _changes(reply)

    async def _history_of_flag(
        self, environment: str, flag: str, limit: int, before: int | None
    ) -> list[Change]:
        above = touched_member(flag, before) if before is not None else f"{flag}\1"
        wanted = ["ZREVRANGEBYLEX", self._keys.touched(environment), f"({above}", f"[{flag}\0"]
        (members,) = await self._line.call(environment, [*wanted, "LIMIT", 0, limit])
        ids = [f"{int(member.rpartition(bytes(1))[2])}-0" for member in members]
        log_key = self._keys.log(environment)
        replies = await self._line.call(environment, *(["XRANGE", log_key, i, i] for i in ids))
        return [change for reply in replies for change in _changes(reply)]

    # --- looking after itself ---

    async def _examine(self) -> None:
        self._fitness = await examine(self._line)
        for warning in self._fitness.warnings:
            log.warning("%s", warning, extra={"action": "store.weak"})

    async def _check_format(self) -> None:
        key = self._keys.format
        _, found = await self._line.call(self._keys.tag, ["SETNX", key, FORMAT], ["GET", key])
        if int(found) > FORMAT:
            raise StoreError(
                f"the flags in Redis at {self.url} are in format {int(found)}, and this server "
                f"knows format {FORMAT}: run the newer flaghoist-server that wrote them"
            )

    async def _check_logs(self) -> None:
        """A head that its log does not bear out was put there by hand, or by half a restore."""
        for name in await self._names(self._line):
            head: Command = ["HGET", self._keys.head(name), "version"]
            last: Command = ["XREVRANGE", self._keys.log(name), "+", "-", "COUNT", 1]
            # In one step: others write meanwhile.
            *_, told = await self._line.call(name, ["MULTI"], head, last, ["EXEC"])
            head_at = int(told[0] or 0)
            ends_at = max((entry.version for entry in _changes(told[1])), default=0)
            if ends_at != head_at:
                raise StoreError(
                    f"environment {name!r} in Redis at {self.url} is damaged: its head is version "
                    f"{head_at} and its log ends at {ends_at}; restore a backup"
                )

    def _moved(self) -> None:
        """Another server is the primary now: is it fit as well?"""
        self._follower.renew()
        self._run_beside("examination", self._examine())

    def _run_beside(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Do it when there is time, unless it is being done; nobody waits for it."""
        if name in self._beside:
            work.close()
            return
        task = asyncio.create_task(_logged(work), name=name)
        self._beside[name] = task
        task.add_done_callback(lambda task: self._beside.pop(task.get_name()))


async def _logged(work: Coroutine[None, None, None]) -> None:
    """What it cannot do is told, and is due again another time."""
    try:
        await work
    except StoreError as error:
        log.warning("%s", error, extra={"action": "store.beside"})


def _following(entries: list[Change]) -> Batch:
    """Entries of one environment, and the head that the first of them follows."""
    first = entries[0]
    return Batch(entries, Head(first.environment, first.epoch, first.version - 1, first.parent))


def _head(environment: str, fields: list[bytes]) -> Head:
    epoch, version, hash_, at = (field.decode() for field in fields)
    return Head(environment, epoch, int(version), hash_, at)


def _changes(reply: Reply) -> list[Change]:
    """The entries in the reply of XRANGE: [[id, [field, value]], …], or None for COUNT 0."""
    return [_entry.decode(values[1]) for _, values in reply or ()]
