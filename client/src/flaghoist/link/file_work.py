"""What the link's thread does in file mode: it follows a flag file on disk.

Rules: the first load is the caller's, so that a bad file is an error where the client is made.
After that a file that is bad, half written or gone changes nothing but `status`, and is named
once in the log; whatever it becomes is looked at again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flaghoist.link.sources import from_flag_file

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding
    from flaghoist.link.thread import Link

__all__ = ["LOOK_S", "FileWork"]

LOOK_S = 0.25
"""A change counts when two looks in a row see the same file: an editor may still be writing."""

_Mark = tuple[int, int, int] | None


class FileWork:
    """Reads a file again whenever it has changed."""

    def __init__(self, holding: Holding, path: str, environment: str) -> None:
        self._holding = holding
        self._path = path
        self._environment = environment
        self._mark: _Mark = None

    def load(self) -> None:
        """Read it now. Raises: FlaghoistError for what is in it, OSError if it cannot be read."""
        self._mark = _mark(self._path)
        snapshot = from_flag_file(self._path, self._environment, self._holding.snapshot)
        self._holding.adopt(snapshot, "file")
        self._holding.follows("file", self._path)

    def run(self, link: Link, delay_s: float) -> None:  # noqa: ARG002 - a file has no crowd to spare
        """Runs in the link's thread until the link is stopped."""
        seen = self._mark
        while not link.stopping.is_set():
            link.rest(LOOK_S)
            before, seen = seen, _mark(self._path)
            if seen == before and seen != self._mark:
                self._reload()
            elif seen == self._mark and self._holding.transport == "file":
                self._holding.confirm()

    def forked(self) -> None:
        """In a child: go on as before."""
        transport = self._holding.transport
        self._holding.forked()
        self._holding.transport = transport

    def failed(self, reason: str) -> None:
        """The thread is not there: the file is not followed any more."""
        self._holding.lost()
        self._holding.last_error = f"the file is not followed: {reason}"

    def _reload(self) -> None:
        try:
            self.load()
        except Exception as error:  # noqa: BLE001 - whatever a file does to us, the old one stays
            self._holding.lost()
            self._holding.trouble(f"file {self._mark}", str(error))


def _mark(path: str) -> _Mark:
    """What tells one state of a file from another; `None`: it is not there."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
