"""The Lua scripts beside this file, and how what they take and give is packed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import head_of
from flaghoist_server.store.port import ANSWER_KEPT_S, Head, IdempotentAnswer
from flaghoist_server.store.redis.keys import Keys, touched_member
from flaghoist_server.store.redis.wire import Command, Word

__all__ = ["APPEND", "Batch", "Script", "append_command"]

_encode = msgspec.json.Encoder().encode


class Script:
    """A script by the name of its file; sent by its hash, and in full when that is not known."""

    def __init__(self, name: str) -> None:
        self._body = Path(__file__).with_name(name).read_bytes()
        self._hash = hashlib.sha1(self._body, usedforsecurity=False).hexdigest()

    def command(self, again: bool, keys: Sequence[str], words: Sequence[Word]) -> Command:
        """The command that runs it, in full if `again`: the first attempt may have lacked it."""
        name = ["EVAL", self._body] if again else ["EVALSHA", self._hash]
        return [*name, len(keys), *keys, *words]


APPEND = Script("append.lua")


class Batch(msgspec.Struct, frozen=True):
    """What one environment is to get: entries that follow each other, and where it must stand.

    `expected` None: the environment must not exist.
    """

    entries: list[Change]
    expected: Head | None

    @property
    def environment(self) -> str:
        return self.entries[0].environment


def append_command(
    keys: Keys, batches: Sequence[Batch], answer: IdempotentAnswer | None, again: bool
) -> Command:
    """Run `append.lua` over these batches."""
    names: list[str] = []
    words: list[Word] = [
        int(again),
        keys.hints,
        _encode(answer) if answer else b"",
        int(ANSWER_KEPT_S * 1000),
        len(batches),
    ]
    for batch in batches:
        name = batch.environment
        names += [keys.head(name), keys.log(name), keys.touched(name)]
        words += [name, *_position(batch.expected), *_position(head_of(batch.entries[-1]), at=True)]
        words.append(len(batch.entries))
        for entry in batch.entries:
            members = [touched_member(flag, entry.version) for flag in entry.flags]
            words += [entry.version, _encode(entry), len(members), *members]
    if answer is not None:
        names.append(keys.answer(batches[0].environment if batches else keys.tag, answer.key))
    return APPEND.command(again, names, words)


def _position(head: Head | None, at: bool = False) -> list[Word]:
    if head is None:
        return ["", "", ""]
    return [head.epoch, head.version, head.hash, *([head.at] if at else [])]
