"""What was last known, in local files: to start from while the store is away.

A file for each environment of a store, and one for its tokens, which are kept as hashes: without
them no SDK could be let in. A file is a checksum, then MessagePack, replaced atomically, readable
by the server's user alone. It is written a moment after a change and never read while the server
runs. A file that cannot be read is as good as none. There is no history in them.

A mirror that `holds` is believed also when the store answers and has less: what the store has lost
while no server ran is held, as if this server had been running.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from flaghoist_server.change.state import State
from flaghoist_server.store.port import TokenRecord

__all__ = ["Mirror"]

_DELAY_S = 0.5
"""Changes of one command, and of a busy second, are written together."""

_SUFFIX = ".mirror"
_TOKENS = "all.tokens"

_log = logging.getLogger("flaghoist.mirror")
_pack = msgspec.msgpack.Encoder().encode
_unpack_state = msgspec.msgpack.Decoder(State)
_unpack_tokens = msgspec.msgpack.Decoder(list[TokenRecord])

_Kept = TypeVar("_Kept")


class Mirror:
    """Files in `folder` for the store at `url`; another store's are left alone."""

    def __init__(self, folder: Path, url: str, *, holds: bool = True) -> None:
        self.holds = holds
        self._folder = folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        self._waiting: dict[str, State | Sequence[TokenRecord]] = {}
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> list[State]:
        """What was last known of every environment, by name; empty if there is nothing."""
        return await asyncio.to_thread(self._read_states)

    async def load_tokens(self) -> list[TokenRecord]:
        """The tokens that were last known."""
        return await asyncio.to_thread(self._read_tokens)

    def save(self, state: State) -> None:
        """Write this state soon, in a thread."""
        self._write_soon(quote(state.head.environment, safe="") + _SUFFIX, state)

    def save_tokens(self, tokens: Sequence[TokenRecord]) -> None:
        """Write all tokens soon, in a thread."""
        self._write_soon(_TOKENS, tokens)

    async def close(self) -> None:
        """Write what is waiting, now."""
        self._closing.set()
        if self._task is not None:
            await self._task

    def _write_soon(self, name: str, content: State | Sequence[TokenRecord]) -> None:
        self._waiting[name] = content
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_waiting(), name="mirror")

    async def _write_waiting(self) -> None:
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _DELAY_S)
            waiting, self._waiting = self._waiting, {}
            for name, content in waiting.items():
                try:
                    await asyncio.to_thread(self._write, name, content)
                except OSError as error:
                    told = {"action": "mirror.failed", "why": str(error)}
                    _log.warning("the local mirror could not be written", extra=told)

    def _write(self, name: str, content: State | Sequence[TokenRecord]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f"{name}.{os.getpid()}.part"
        body = _pack(content)
        with open(part, "wb", opener=_private) as file:
            file.write(hashlib.sha256(body).digest() + body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / name)

    def _read_states(self) -> list[State]:
        if not self._folder.is_dir():
            return []
        paths = sorted(self._folder.glob("*" + _SUFFIX))
        states = (_read(path, _unpack_state) for path in paths)
        return [state for state in states if state is not None]

    def _read_tokens(self) -> list[TokenRecord]:
        path = self._folder / _TOKENS
        return (_read(path, _unpack_tokens) if path.exists() else None) or []


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path, decoder: msgspec.msgpack.Decoder[_Kept]) -> _Kept | None:
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[32:]).digest() == content[:32]:
            return decoder.decode(content[32:])
        why = "its checksum is wrong"
    except (OSError, msgspec.DecodeError) as error:
        why = str(error)
    _log.warning("a mirror file is left aside", extra={"action": "mirror.unreadable", "why": why})
    return None
