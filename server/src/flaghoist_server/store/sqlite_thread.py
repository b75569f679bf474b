"""A thread that owns one SQLite connection and does one job after the other.

Rules: only this thread touches the connection. Errors of SQLite become the store's errors here,
at the border, and say what to do. A job that was handed over is done even if nobody waits for
its result any more.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import apsw

from flaghoist_server.store.port import StoreError, StoreReadOnly, StoreUnavailable

__all__ = ["ConnectionThread", "FileReplaced", "store_error"]

T = TypeVar("T")

_Job = tuple[
    asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[apsw.Connection], Any] | None
]

_FULL = "the disk is full or the file at its limit: free space; reading goes on, writing resumes"


class FileReplaced(StoreUnavailable):
    """Another file stands where the open one stood: a backup that was moved there."""


class ConnectionThread:
    """Runs functions of a connection in a thread of its own; `connect` opens it there.

    When the file at `path` has been removed, the connection is opened anew: what is written to a
    file without a name would be lost. When another file stands there, `run` raises `FileReplaced`:
    its owner has to drop all connections first, see `drop`.
    """

    def __init__(self, name: str, path: Path, connect: Callable[[], apsw.Connection]) -> None:
        self._path = path
        self._connect = connect
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._name = name
        self._thread: threading.Thread | None = None
        self._connection: apsw.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._log_identity: tuple[int, int] | None = None

    @property
    def replaced(self) -> bool:
        """Whether another file stands at the path than the one that is open."""
        now = _identity(self._path)
        return self._connection is not None and now is not None and now != self._identity

    @property
    def left_its_log(self) -> bool:
        """Whether the open file's write-ahead log still lies beside the file that replaced it.

        Whoever has opened the new file before us may have begun a log of its own.
        """
        return self._log_identity is not None and self._log_identity == _identity(_wal(self._path))

    def start(self) -> None:
        """Start the thread; the connection is opened by the first job."""
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[apsw.Connection], T]) -> T:
        """The result of `job`, once its turn has come.

        Raises:
            FileReplaced: another file stands at the path now.
            StoreError: SQLite could not do it.
        """
        result: T = await self._hand_over(job)
        return result

    async def drop(self) -> None:
        """Close the connection; the next job opens it anew."""
        await self._hand_over(None)

    async def close(self) -> None:
        """Do what is waiting, then close the connection and end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)

    async def _hand_over(self, job: Callable[[apsw.Connection], Any] | None) -> Any:
        if self._thread is None:
            raise StoreUnavailable(f"{self._path} is not open: start the store first")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put((loop, future, job))
        return await future

    def _work(self) -> None:
        while (work := self._jobs.get()) is not None:
            loop, future, job = work
            result: Any = None
            failure: Exception | None = None
            try:
                if job is None:
                    self._drop()
                else:
                    result = job(self._opened())
            except apsw.Error as error:
                failure = store_error(self._path, error)
            except Exception as error:  # noqa: BLE001  # whatever it is, the waiting task must hear
                failure = error
            try:
                loop.call_soon_threadsafe(_settle, future, result, failure)
            except RuntimeError:
                continue  # the loop has been closed: nobody waits
        self._drop()

    def _opened(self) -> apsw.Connection:
        if self.replaced:
            raise FileReplaced(f"another file has been put in the place of {self._path}")
        if self._connection is not None and _identity(self._path) is None:
            self._drop()
        if self._connection is None:
            self._connection = self._connect()
            self._identity = _identity(self._path)
            self._log_identity = _identity(_wal(self._path))
        return self._connection

    def _drop(self) -> None:
        if self._connection is None:
            return
        if self.replaced:
            # the last one to close removes the log by its name: by now that may be another's
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._connection.close()
        self._connection = None


def store_error(path: Path, error: apsw.Error) -> StoreError:
    """SQLite's error as the store's: what is wrong, and what to do."""
    match error:
        case apsw.FullError():
            return StoreReadOnly(f"{path}: {_FULL}")
        case apsw.ReadOnlyError():
            return StoreReadOnly(f"{path} cannot be written: check its owner, mode and mount")
        case apsw.BusyError() | apsw.LockedError():
            return StoreUnavailable(f"{path} is locked by another program: end it, then try again")
        case apsw.NotADBError():
            return StoreError(f"{path} is not a database: name another file or remove it")
        case apsw.CorruptError():
            return StoreError(f"{path} is damaged ({error}): restore a backup of it")
        case apsw.CantOpenError() | apsw.IOError() | apsw.PermissionsError():
            return StoreUnavailable(f"{path} cannot be read or written ({error}): check the disk")
        case _:
            return StoreError(f"{path}: {error}")


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at `path` now."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _wal(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of the file at `path`."""
    return path.with_name(path.name + "-wal")


def _settle(future: asyncio.Future[Any], result: Any, failure: Exception | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
