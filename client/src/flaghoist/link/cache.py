"""The last known good on disk, for the next start: three generations, each complete in itself.

Rules: nothing here raises for what a disk may do; reading gives the best generation or `None`,
writing gives a word for `status`. It is called from a thread of its own, never from a caller.

Theory. A generation is one file: a line of JSON (`Label`) that says what it is and the SHA-256 of
the rest, then the rest, which is the full snapshot as it travels on the wire. Generations of one
token share a name; the token's fingerprint in it and in the label keeps environments apart.

    NAME.current    what was last applied
    NAME.previous   what was in use before, for at least `SETTLED_S`
    NAME.oldest     and before that

Writing is: a temporary file, fsync, rename (replacing is atomic), fsync of the folder. What is in
`current` moves down only once it was in use for a while, so that a run of bad changes cannot push
the good one out of all three places. A kill at any point leaves each name absent, or old and
whole, or new and whole; and never all three absent where one was there before.

A generation is read only if its label fits (format, token) and its bytes have the right sum;
whoever loads it then builds and tries it, and asks for the next one if that fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flaghoist.protocol.codec import ProtocolError, decode_server_message
from flaghoist.protocol.messages import Full

if TYPE_CHECKING:
    from collections.abc import Iterator

_fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None
"""Elsewhere the atomic rename alone has to do."""

__all__ = ["FORMAT", "GENERATIONS", "SETTLED_S", "DiskCache", "fingerprint"]

FORMAT = 1
GENERATIONS = ("current", "previous", "oldest")
SETTLED_S = 60.0


class Label(msgspec.Struct, frozen=True):
    """What a generation says of itself."""

    flaghoist_cache: int
    fingerprint: str
    environment: str
    epoch: str
    version: int
    sha256: str


def fingerprint(token: str) -> str:
    """What binds a cache to a token, without giving the token away."""
    return hashlib.sha256(f"flaghoist cache\0{token}".encode()).hexdigest()[:24]


class DiskCache:
    """The generations of one token in one folder. Several processes may share it."""

    def __init__(self, folder: str, token: str) -> None:
        self._folder = Path(folder)
        self._fingerprint = fingerprint(token)
        self._in_use_since: float | None = None

    def generations(self) -> Iterator[Full]:
        """What is whole and ours, the newest first."""
        for generation in GENERATIONS:
            full = self._read(generation)
            if full is not None:
                yield full

    def write(self, full: bytes, position: tuple[str, str, int], now: float) -> str:
        """Keep a full snapshot, at (environment, epoch, version). A word on how it went.

        `now` is monotonic; it decides whether what is kept has been in use for long enough to
        be kept as a generation of its own.
        """
        try:
            with self._alone() as alone:
                if not alone:
                    return "ok: another process is writing"
                return self._write(full, position, now)
        except OSError as error:
            return f"error: {error.strerror or error}"

    def _write(self, full: bytes, position: tuple[str, str, int], now: float) -> str:
        environment, epoch, version = position
        kept, _ = self._load("current") or (None, b"")
        if kept is not None and kept.epoch == epoch and kept.version >= version:
            self._in_use_since = self._in_use_since or now
            return "ok"
        digest = hashlib.sha256(full).hexdigest()
        label = Label(FORMAT, self._fingerprint, environment, epoch, version, digest)
        written = self._write_aside(msgspec.json.encode(label) + b"\n" + full)
        settled = self._in_use_since is None or now - self._in_use_since >= SETTLED_S
        if kept is not None and settled:
            self._move_down()
        written.replace(self._path("current"))
        self._sync_folder()
        self._in_use_since = now if settled else self._in_use_since
        return "ok"

    def _write_aside(self, data: bytes) -> Path:
        for leftover in self._folder.glob(f"{self._fingerprint}.*.new"):
            leftover.unlink(missing_ok=True)
        aside = self._folder / f"{self._fingerprint}.{os.getpid()}.new"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            aside.unlink(missing_ok=True)  # half of it helps nobody on a full disk
            raise
        return aside

    def _move_down(self) -> None:
        for upper, lower in (("previous", "oldest"), ("current", "previous")):
            with contextlib.suppress(FileNotFoundError):
                self._path(upper).replace(self._path(lower))

    def _sync_folder(self) -> None:
        if os.name == "nt":
            return
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process writes here at this time. Leaves no lock behind if killed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _fcntl is None:
            yield True
            return
        path = self._folder / f"{self._fingerprint}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _fcntl.flock(descriptor, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
            _fcntl.flock(descriptor, _fcntl.LOCK_UN)  # also for a child forked meanwhile
        finally:
            os.close(descriptor)

    def _read(self, generation: str) -> Full | None:
        label, body = self._load(generation) or (None, b"")
        if label is None:
            return None
        try:
            full = decode_server_message(body)
        except ProtocolError:
            return None
        return full if isinstance(full, Full) and full.version == label.version else None

    def _load(self, generation: str) -> tuple[Label, bytes] | None:
        """A generation that is ours and has the right sum."""
        try:
            line, _, body = self._path(generation).read_bytes().partition(b"\n")
        except (OSError, MemoryError):
            return None
        label = self._checked(line)
        if label is None or hashlib.sha256(body).hexdigest() != label.sha256:
            return None
        return label, body

    def _checked(self, line: bytes) -> Label | None:
        try:
            label = msgspec.json.decode(line, type=Label)
        except (ValueError, RecursionError):
            return None
        fits = label.flaghoist_cache == FORMAT and label.fingerprint == self._fingerprint
        return label if fits else None

    def _path(self, generation: str) -> Path:
        return self._folder / f"{self._fingerprint}.{generation}"
