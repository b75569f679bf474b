"""A SQLite file on its way to being a store: found, locked, opened, checked and migrated.

Two numbers stand in the file's header: `application_id` says that it is ours, `user_version` which
format it has. Migrations expand and contract. One that only adds (`sql/NNN-*.sql`) is listed in
the table `migration` and leaves the format as it is: the version before goes on beside this one.
Only a release that takes away what the version before still needs may raise the format, and then
that version refuses the file, naming both.
"""

from __future__ import annotations

import fcntl
import os
from importlib import resources
from pathlib import Path
from typing import IO

import apsw

from flaghoist_server.store.port import StoreError, StoreUnavailable
from flaghoist_server.store.sqlite_thread import store_error

__all__ = ["FORMAT", "FileLock", "check_place", "open_reader", "open_writer", "queries"]

FORMAT = 1
"""The newest format that this version reads and writes."""

_APPLICATION_ID = int.from_bytes(b"FlHo", "big")
_BUSY_TIMEOUT_MS = 5_000
_NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.rclone"}
)
_SQL = resources.files("flaghoist_server.store") / "sql"


class FileLock:
    """One server per file: a lock file beside it, held by the process and gone with it."""

    def __init__(self, path: Path) -> None:
        self._database = path
        self._path = path.with_name(path.name + ".lock")
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StoreError: another process has it; the text names the process.
        """
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise StoreError(
                f"{self._database} is in use by another server (process {owner}): "
                "stop that one, or give both a redis:// store"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let go; releasing twice is fine."""
        if self._file is not None:
            self._file.close()
            self._file = None


def check_place(path: Path, mounts: str | None = None) -> None:
    """Refuse a place where a database would not be safe. `mounts`: as in /proc/mounts.

    Raises:
        StoreError: no such directory, or a network file system.
    """
    folder = path.parent
    if not folder.is_dir():
        raise StoreError(f"directory {folder} does not exist: create it or name another path")
    if path.is_dir():
        raise StoreError(f"{path} is a directory: name a file in it")
    kind = _filesystem(folder.resolve(), _read_mounts() if mounts is None else mounts)
    if kind in _NETWORK_FILESYSTEMS:
        raise StoreError(
            f"{path} is on a network file system ({kind}), where SQLite can lose data: "
            "put it on a local disk, or use a redis:// store"
        )


def open_writer(path: Path, max_pages: int | None = None) -> apsw.Connection:
    """The connection that writes; makes the file if there is none, and brings it up to date.

    Raises:
        StoreError: it is not ours, of a newer format, damaged, or cannot be written.
    """
    try:
        connection = apsw.Connection(str(path))
        try:
            _prepare(connection, path, max_pages)
        except BaseException:
            connection.close()
            raise
    except apsw.Error as error:
        raise store_error(path, error) from error
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that only reads; the writer has made the file.

    Raises:
        StoreUnavailable: the file has gone.
    """
    if not path.exists():
        raise StoreUnavailable(
            f"{path} has been removed: put it back, or write what the server still knows "
            "into a new one with `flaghoist recover`"
        )
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
    connection.pragma("query_only", True)
    return connection


def queries() -> dict[str, str]:
    """The statements of `sql/queries.sql` by name."""
    named: dict[str, str] = {}
    for block in (_SQL / "queries.sql").read_text().split("-- name: ")[1:]:
        name, _, statement = block.partition("\n")
        named[name.strip()] = statement.strip()
    return named


def _prepare(connection: apsw.Connection, path: Path, max_pages: int | None) -> None:
    connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
    _check_header(connection, path)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "FULL")
    connection.pragma("foreign_keys", True)
    with connection:  # a savepoint: all migrations or none
        _migrate(connection)
    if max_pages is not None:
        connection.pragma("max_page_count", max_pages)


def _check_header(connection: apsw.Connection, path: Path) -> None:
    owner = connection.pragma("application_id")
    format_ = connection.pragma("user_version")
    if owner not in (0, _APPLICATION_ID) or (owner == 0 and connection.pragma("schema_version")):
        raise StoreError(f"{path} is another program's database: name another file")
    if format_ > FORMAT:
        raise StoreError(
            f"{path} has format {format_}, written by a newer version; this version knows "
            f"format {FORMAT}: start the newer version, or restore a backup from before the upgrade"
        )


def _migrate(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) STRICT")
    done = {name for (name,) in connection.execute("SELECT name FROM migration")}
    for file in sorted(_SQL.iterdir(), key=lambda file: file.name):
        if not file.name[0].isdigit() or file.name in done:
            continue
        connection.execute(file.read_text())
        connection.execute("INSERT INTO migration (name) VALUES (?)", (file.name,))
    for name, value in (("application_id", _APPLICATION_ID), ("user_version", FORMAT)):
        if connection.pragma(name) != value:
            connection.pragma(name, value)


def _read_mounts() -> str:
    try:
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # no such file on this system: nothing is known, nothing is refused


def _filesystem(folder: Path, mounts: str) -> str:
    """The type of the file system that `folder` is on, "" if unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) > best:
            best, kind = len(point), fields[2]
    return kind
