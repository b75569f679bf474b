"""How an append is put into words for `append.lua`, the script beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import head_of
from flaghoist_server.store.port import ANSWER_KEPT_S, Head, IdempotentAnswer
from flaghoist_server.store.redis.keys import Keys, touched_member
from flaghoist_server.store.redis.wire import Command, Word

__all__ = ["Batch", "append_command"]

_encode = msgspec.json.Encoder().encode


_SCRIPT: Final = Path(__file__).with_name("append.lua").read_bytes()
"""Sent in full each time: 3 KB cost less than the second try that a server without it would need,
which would come after the first try's waiting for replicas."""


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
    """The command that appends these batches; `again`: it may have been done already."""
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
    return ["EVAL", _SCRIPT, len(names), *names, *words]


def _position(head: Head | None, at: bool = False) -> list[Word]:
    if head is None:
        return ["", "", ""]
    return [head.epoch, head.version, head.hash, *([head.at] if at else [])]
