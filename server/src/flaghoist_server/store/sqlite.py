"""The store in one SQLite file: a log, and one transaction for each append.

WAL with `synchronous=FULL`: an append returns once the disk has it. One thread writes, one reads,
each with a connection of its own, so that nobody waits for the disk but the writer. The state
is read as the newest snapshot and the entries after it; a snapshot is made when these weigh as
much as the snapshot, so the replay is short and all snapshots together weigh no more than the log.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold_all, follows, head_of
from flaghoist_server.store.hints import Hints
from flaghoist_server.store.port import (
    ANSWER_KEPT_S,
    Conflict,
    Head,
    IdempotentAnswer,
    State,
    StoreError,
    StoreUnavailable,
    TokenRecord,
)
from flaghoist_server.store.sqlite_file import (
    FileLock,
    check_place,
    open_reader,
    open_writer,
    queries,
)
from flaghoist_server.store.sqlite_thread import ConnectionThread, FileReplaced

__all__ = ["SNAPSHOT_EVERY", "SqliteStore"]

SNAPSHOT_EVERY = 256
"""Whether a snapshot is due is looked at this often: a replay of so many entries takes ~5 ms."""

_NO_LIMIT = 2**62

T = TypeVar("T")

_log = logging.getLogger(__name__)
_query = queries()
_encode = msgspec.json.Encoder().encode
_decode_change = msgspec.json.Decoder(Change).decode
_decode_token = msgspec.json.Decoder(TokenRecord).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack_state = msgspec.msgpack.Decoder(State).decode


class SqliteStore:
    """Implements `Store` in the file at `path`.

    Args:
        exclusive: take the server's lock; a command that goes straight to the file does not,
            and is kept apart from a running server by SQLite's own locks.
        max_pages: the file's limit in pages of 4 KiB; a full disk is tested with it.
    """

    def __init__(
        self,
        path: Path,
        *,
        exclusive: bool = True,
        max_pages: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._clock = clock
        self._lock = FileLock(path) if exclusive else None
        self._writer = ConnectionThread(
            "flaghoist-store-writer", path, lambda: open_writer(path, max_pages)
        )
        self._reader = ConnectionThread("flaghoist-store-reader", path, lambda: open_reader(path))
        self._adopting = asyncio.Lock()
        self._hints = Hints()
        self._snapshots: set[asyncio.Task[None]] = set()
        self._started = False

    async def start(self) -> None:
        """See `Store.start`."""
        if self._started:
            return
        check_place(self._path)
        try:
            if self._lock is not None:
                self._lock.acquire()
        except OSError as error:
            mend = "free space" if error.errno == errno.ENOSPC else "check its owner and mode"
            place, why = self._path.parent, error.strerror or error
            raise StoreUnavailable(f"{place} cannot be written ({why}): {mend}") from error
        self._writer.start()
        self._reader.start()
        try:
            await self._writer.run(_nothing)  # opens, checks and migrates
            await self._reader.run(_nothing)
        except StoreError:
            await self._stop()
            raise
        self._started = True

    async def close(self) -> None:
        """See `Store.close`."""
        self._hints.close()
        if self._started:
            self._started = False
            await asyncio.gather(*self._snapshots, return_exceptions=True)
            await self._stop()

    async def _stop(self) -> None:
        await self._reader.close()
        await self._writer.close()
        if self._lock is not None:
            self._lock.release()

    async def heads(self) -> list[Head]:
        """See `Store.heads`."""
        return await self._read(
            lambda connection: [Head(*row) for row in connection.execute(_query["heads"])]
        )

    async def glance(self) -> list[Head]:
        """See `Store.glance`."""
        return await self.heads()

    async def begin(self, change: Change, after: Head | None) -> bool:
        """See `Store.begin`."""
        await self._write(lambda connection: _begin(connection, change, after))
        self._hints.tell(change.environment)
        return True

    async def load(self, environment: str) -> State | None:
        """See `Store.load`."""
        return await self._read(lambda connection: _load(connection, environment))

    async def read(self, environment: str, after: int, limit: int = 1000) -> list[Change]:
        """See `Store.read`."""
        return await self._entries("entries", environment=environment, after=after, limit=limit)

    async def base(self, environment: str, version: int) -> State | None:
        """See `Store.base`."""
        return await self._read(lambda connection: _snapshot(connection, environment, version))

    async def history(
        self, environment: str, key: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Change]:
        """See `Store.history`."""
        below = _NO_LIMIT if before is None else before
        if key is None:
            return await self._entries(
                "newest_entries", environment=environment, before=below, limit=limit
            )
        return await self._entries(
            "newest_entries_of_flag", environment=environment, key=key, before=below, limit=limit
        )

    async def append(
        self, changes: Sequence[Change], answer: IdempotentAnswer | None = None
    ) -> bool:
        """See `Store.append`."""
        now = self._clock()
        await self._write(lambda connection: _append(connection, changes, answer, now))
        for environment in {change.environment for change in changes}:
            self._hints.tell(environment)
        for change in changes:
            if change.version % SNAPSHOT_EVERY == 0:
                self._snapshot_soon(change.environment)
        return True

    async def settled(self, change: Change) -> bool:
        """See `Store.settled`. What was committed is on disk."""
        return [change] == await self.read(change.environment, change.version - 1, 1)

    async def remembered(self, key: str) -> IdempotentAnswer | None:
        """See `Store.remembered`."""
        since = self._clock() - ANSWER_KEPT_S
        return await self._read(lambda connection: _answer(connection, key, since))

    async def put_token(self, token: TokenRecord) -> None:
        """See `Store.put_token`."""
        row = {"id": token.id, "record": _encode(token)}
        await self._write(lambda connection: connection.execute(_query["put_token"], row))
        self._hints.tell("")

    async def tokens(self) -> list[TokenRecord]:
        """See `Store.tokens`."""
        return await self._read(
            lambda connection: [
                _decode_token(record) for (record,) in connection.execute(_query["tokens"])
            ]
        )

    def hints(self) -> AsyncIterator[str]:
        """See `Store.hints`."""
        return self._hints.listen()

    async def _read(self, job: Callable[[apsw.Connection], T]) -> T:
        return await self._run(self._reader, job)

    async def _write(self, job: Callable[[apsw.Connection], T]) -> T:
        return await self._run(self._writer, job)

    async def _run(self, thread: ConnectionThread, job: Callable[[apsw.Connection], T]) -> T:
        if self._adopting.locked():
            async with self._adopting:
                pass  # nobody opens the file while its old log still lies beside it
        try:
            return await thread.run(job)
        except FileReplaced:
            await self._adopt()
            return await thread.run(job)

    async def _adopt(self) -> None:
        """Turn to the file that has been put in place of the open one.

        What lies in the old file's write-ahead log must not be replayed into the new one, so both
        connections are closed and the log is removed before either is opened again.
        """
        async with self._adopting:
            if not (self._reader.replaced or self._writer.replaced):
                return  # somebody else has done it meanwhile
            stale = self._writer.left_its_log
            await self._reader.drop()
            await self._writer.drop()
            for suffix in ("-wal", "-shm") if stale else ():
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            _log.warning(
                "another file has been put in place of the store's; it is the store from now on",
                extra={"action": "store_replaced"},
            )
            await self._writer.run(_nothing)

    async def _entries(self, query: str, **where: Any) -> list[Change]:
        return await self._read(
            lambda connection: [
                _decode_change(entry) for (entry,) in connection.execute(_query[query], where)
            ]
        )

    def _snapshot_soon(self, environment: str) -> None:
        work = self._make_snapshot(environment)
        task = asyncio.create_task(work, name=f"snapshot of {environment}")
        self._snapshots.add(task)
        task.add_done_callback(self._snapshots.discard)

    async def _make_snapshot(self, environment: str) -> None:
        try:
            made = await self._read(lambda connection: _due_snapshot(connection, environment))
            if made is not None:
                await self._write(
                    lambda connection: connection.execute(_query["add_snapshot"], made)
                )
        except StoreError as error:
            _log.warning(
                "no snapshot was made; reading the log from an older one takes longer",
                extra={"action": "snapshot_failed", "environment": environment, "why": str(error)},
            )


def _nothing(connection: apsw.Connection) -> None:
    """The job of opening the connection."""


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    """All or nothing; the write lock comes first, so that what is compared stands still."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin(connection: apsw.Connection, change: Change, after: Head | None) -> None:
    with _transaction(connection):
        if after is None:
            connection.execute(_query["begin"], _head_row(head_of(change)))
            if not connection.changes():
                raise Conflict(change.environment, _head(connection, change.environment))
        else:
            if not follows(after, change):
                raise Conflict(change.environment, _head(connection, change.environment))
            _move(connection, after, change)
        _add(connection, change)


def _append(
    connection: apsw.Connection,
    changes: Sequence[Change],
    answer: IdempotentAnswer | None,
    now: float,
) -> None:
    with _transaction(connection):
        for change in changes:
            before = Head(change.environment, change.epoch, change.version - 1, change.parent)
            _move(connection, before, change)
            _add(connection, change)
        if answer is not None:
            connection.execute(_query["forget_answers"], {"since": now - ANSWER_KEPT_S})
            row = msgspec.structs.asdict(answer) | {"kept_at": now}
            connection.execute(_query["add_answer"], row)


def _move(connection: apsw.Connection, before: Head, change: Change) -> None:
    """The compare-and-set of one head."""
    row = _head_row(head_of(change)) | {
        "old_epoch": before.epoch,
        "old_version": before.version,
        "old_hash": before.hash,
    }
    connection.execute(_query["move"], row)
    if not connection.changes():
        raise Conflict(change.environment, _head(connection, change.environment))


def _add(connection: apsw.Connection, change: Change) -> None:
    place = {"environment": change.environment, "version": change.version}
    connection.execute(_query["add_entry"], place | {"entry": _encode(change)})
    connection.executemany(_query["add_touch"], [place | {"key": key} for key in change.flags])


def _load(connection: apsw.Connection, environment: str) -> State | None:
    """The state at the head, read in one transaction so that log and snapshot fit."""
    with connection:
        state = _snapshot(connection, environment, _NO_LIMIT) or empty(environment)
        where = {"environment": environment, "after": state.head.version, "limit": _NO_LIMIT}
        rows = connection.execute(_query["entries"], where)
        state = fold_all(state, (_decode_change(entry) for (entry,) in rows))
    return state if state.head.version else None


def _snapshot(connection: apsw.Connection, environment: str, version: int) -> State | None:
    where = {"environment": environment, "version": version}
    row = connection.execute(_query["snapshot"], where).fetchone()
    return _unpack_state(row[0]) if row else None


def _due_snapshot(connection: apsw.Connection, environment: str) -> dict[str, Any] | None:
    (due,) = connection.execute(_query["snapshot_due"], {"environment": environment}).fetchall()[0]
    state = _load(connection, environment) if due else None
    if state is None:
        return None
    return {
        "environment": environment,
        "version": state.head.version,
        "state": _pack(state),
    }


def _head(connection: apsw.Connection, environment: str) -> Head | None:
    row = connection.execute(_query["head"], {"environment": environment}).fetchone()
    return Head(*row) if row else None


def _head_row(head: Head) -> dict[str, Any]:
    return msgspec.structs.asdict(head)


def _answer(connection: apsw.Connection, key: str, since: float) -> IdempotentAnswer | None:
    row = connection.execute(_query["answer"], {"key": key, "since": since}).fetchone()
    return IdempotentAnswer(*row) if row else None
