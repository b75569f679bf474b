"""The last known state of every environment in local files, for a restart while the store is away.

One file per environment and store: a checksum, then MessagePack, replaced atomically, readable by
the server's user alone. It is written a moment after a change and never read while the server
runs. A file that cannot be read is as good as none. It holds flags, no tokens and no history.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from pathlib import Path
from urllib.parse import quote

import msgspec

from flaghoist_server.change.state import State

__all__ = ["Mirror"]

_DELAY_S = 0.5
"""Changes of one command, and of a busy second, are written together."""

_SUFFIX = ".mirror"

_log = logging.getLogger("flaghoist.mirror")
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(State).decode


class Mirror:
    """Files in `folder` for the store at `url`; another store's are left alone."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._waiting: dict[str, State] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> list[State]:
        """What was last known, by name; empty if there is nothing."""
        return await asyncio.to_thread(self._read_all)

    def save(self, state: State) -> None:
        """Write this state soon, in a thread."""
        self._waiting[state.head.environment] = state
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_soon())

    async def close(self) -> None:
        """Write what is waiting."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._write_waiting()

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(_DELAY_S)
            await self._write_waiting()

    async def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for state in waiting.values():
            try:
                await asyncio.to_thread(self._write, state)
            except OSError as error:
                told = {"action": "mirror.failed", "why": str(error)}
                _log.warning("the local mirror could not be written", extra=told)

    def _write(self, state: State) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / (quote(state.head.environment, safe="") + _SUFFIX)
        part = path.with_suffix(".part")
        body = _pack(state)
        with open(part, "wb", opener=_private) as file:
            file.write(hashlib.sha256(body).digest() + body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _read_all(self) -> list[State]:
        if not self._folder.is_dir():
            return []
        states = [_read(path) for path in sorted(self._folder.glob("*" + _SUFFIX))]
        return [state for state in states if state is not None]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path) -> State | None:
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[32:]).digest() == content[:32]:
            return _unpack(content[32:])
        why = "its checksum is wrong"
    except (OSError, msgspec.DecodeError) as error:
        why = str(error)
    _log.warning("a mirror file is left aside", extra={"action": "mirror.unreadable", "why": why})
    return None
