"""The server's history read back into the entries that it was made of, byte for byte.

A hash is of bytes, so the documents in an entry must not be parsed and written again: they stay
the text that the server sent. An entry's parent is not told; it is the hash of the one before it,
and the entry's own hash holds only if that is so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flaghoist_server.change.change import Change, ChangeKind, Edit

__all__ = ["entries_of", "with_parents"]


class _Edit(msgspec.Struct):
    before: msgspec.Raw = msgspec.Raw(b"null")
    after: msgspec.Raw = msgspec.Raw(b"null")

    def edit(self) -> Edit:
        """As it stands in an entry: null is absent."""
        return Edit.of(_document(self.before), _document(self.after))


class _Entry(msgspec.Struct):
    version: int
    epoch: str
    kind: ChangeKind
    at: str
    actor: str
    hash: str
    reason: str = ""
    note: str = ""
    flags: dict[str, _Edit] = {}
    segments: dict[str, _Edit] = {}


class _Page(msgspec.Struct):
    environment: str
    changes: list[_Entry]


def entries_of(page: bytes) -> list[Change]:
    """The entries of an answer, newest first as it has them, without their parents.

    Raises: msgspec.MsgspecError, when it is no history.
    """
    answer = msgspec.json.decode(page, type=_Page)
    return [
        Change(
            environment=answer.environment,
            epoch=entry.epoch,
            version=entry.version,
            kind=entry.kind,
            at=entry.at,
            actor=entry.actor,
            reason=entry.reason,
            flags={key: edit.edit() for key, edit in entry.flags.items()},
            segments={name: edit.edit() for name, edit in entry.segments.items()},
            note=entry.note,
            hash=entry.hash,
        )
        for entry in answer.changes
    ]


def with_parents(entries: Sequence[Change]) -> list[Change]:
    """The entries, oldest first, each bound to the one before it."""
    parents = ["", *(entry.hash for entry in entries)]
    return [
        msgspec.structs.replace(entry, parent=parent)
        for entry, parent in zip(entries, parents, strict=False)
    ]


def _document(raw: msgspec.Raw) -> bytes | None:
    text = bytes(raw)
    return None if text == b"null" else text
