"""What is right, told by the plainest code that can: each entry that was ever in a log, played."""

from __future__ import annotations

from collections.abc import Iterator

from flaghoist.model.digest import item_hash, state_hash
from flaghoist_server.change.change import Change

__all__ = ["Truth", "hash_of", "played"]

Documents = tuple[dict[str, tuple[int, bytes]], dict[str, bytes]]
"""Flags with the version of their last change, and segments."""


class Truth:
    """What an environment may have at each position: a store that was put back may repeat one."""

    def __init__(self) -> None:
        self._right: dict[tuple[str, str, int], list[Documents]] = {}

    def note(self, logs: dict[str, list[Change]]) -> None:
        """The store has these logs now."""
        for name, log in logs.items():
            for change, documents in played(log):
                known = self._right.setdefault((name, change.epoch, change.version), [])
                if documents not in known:
                    known.append(documents)

    def at(self, environment: str, epoch: str, version: int) -> list[Documents]:
        """What is right there; nothing, if no log ever had such an entry."""
        return self._right.get((environment, epoch, version), [])


def played(log: list[Change]) -> Iterator[tuple[Change, Documents]]:
    """Each entry, and what the environment has with it."""
    flags: dict[str, tuple[int, bytes]] = {}
    segments: dict[str, bytes] = {}
    for change in log:
        for key, edit in change.flags.items():
            flags.pop(key, None)
            if edit.new is not None:
                flags[key] = (change.version, edit.new)
        for name, edit in change.segments.items():
            segments.pop(name, None)
            if edit.new is not None:
                segments[name] = edit.new
        yield change, (dict(flags), dict(segments))


def hash_of(flags: dict[str, tuple[int, bytes]], segments: dict[str, bytes]) -> str:
    return state_hash(
        [
            *(item_hash("flag", key, document) for key, (_, document) in flags.items()),
            *(item_hash("segment", name, document) for name, document in segments.items()),
        ]
    )
