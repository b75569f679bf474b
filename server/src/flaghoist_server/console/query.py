"""The words typed into the search field, and which flags they mean. Pure.

`owner:payments tag:checkout kind:release state:on` narrow down; every other word must occur in the
key, the description or a tag. All of them must hold. Keys that begin with the words come first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

import msgspec

from flaghoist.model.flag import Flag
from flaghoist_server.console.words.states import Effective

__all__ = ["Candidate", "search"]


class Candidate(msgspec.Struct, frozen=True):
    """A flag as it is searched: `flag` is None where this version cannot read it.

    `text` is what words are looked for in.
    """

    key: str
    flag: Flag | None
    effective: Effective
    text: str

    @classmethod
    def of(cls, key: str, flag: Flag | None, effective: Effective) -> Self:
        words = [key, flag.description, *flag.tags] if flag else [key]
        return cls(key, flag, effective, " ".join(words).lower())


_Test = Callable[[Candidate, str], bool]

_STATES = {"on": "on", "off": "off", "part": "part", "killed": "kill", "kill": "kill"}


def search(candidates: Iterable[Candidate], query: str, me: str = "") -> list[Candidate]:
    """The candidates that `query` means, best first; `owner:me` is `me`."""
    words = [
        f"owner:{me.lower()}" if word == "owner:me" else word for word in query.lower().split()
    ]
    found = [one for one in candidates if all(_holds(one, word) for word in words)]
    return sorted(found, key=lambda one: (not _begins(one.key, words), one.key))


def _holds(candidate: Candidate, word: str) -> bool:
    name, colon, value = word.partition(":")
    if colon and name in _TESTS:
        return _TESTS[name](candidate, value)
    return word in candidate.text


def _begins(key: str, words: list[str]) -> bool:
    return any(key.lower().startswith(word) for word in words)


def _owner(candidate: Candidate, value: str) -> bool:
    return candidate.flag is not None and value in candidate.flag.owner.lower()


def _tag(candidate: Candidate, value: str) -> bool:
    return candidate.flag is not None and value in [tag.lower() for tag in candidate.flag.tags]


def _kind(candidate: Candidate, value: str) -> bool:
    return candidate.flag is not None and candidate.flag.kind == value


def _state(candidate: Candidate, value: str) -> bool:
    return candidate.effective.tone == _STATES.get(value)


_TESTS: dict[str, _Test] = {"owner": _owner, "tag": _tag, "kind": _kind, "state": _state}
