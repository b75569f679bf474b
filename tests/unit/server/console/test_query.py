"""What the search field understands."""

from __future__ import annotations

import pytest

from flaghoist.model.flag import Flag
from flaghoist_server.console.query import Candidate, search
from flaghoist_server.console.words.states import Effective, effective


def candidate(key: str, killed: bool = False, **fields: object) -> Candidate:
    flag = Flag(**fields)  # type: ignore[arg-type]  # a table of flags
    return Candidate.of(key, flag, effective(flag, killed=killed))


FLAGS = [
    candidate("dark-theme", owner="web", default="on", kind="release"),
    candidate("new-checkout", owner="Payments", tags=["Checkout"], default={"on": 5, "off": 95}),
    candidate("old-search", killed=True, state="off", description="The search before theme"),
    Candidate.of("from-the-future", None, Effective("off", "?", "not readable")),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["dark-theme", "from-the-future", "new-checkout", "old-search"]),
        ("theme", ["dark-theme", "old-search"]),
        ("THEME dark", ["dark-theme"]),
        ("owner:payments", ["new-checkout"]),
        ("owner:me", ["dark-theme"]),
        ("tag:checkout state:part", ["new-checkout"]),
        ("tag:check", []),
        ("state:killed", ["old-search"]),
        ("state:on", ["dark-theme"]),
        ("kind:release", ["dark-theme"]),
        ("future", ["from-the-future"]),
        ("colour:red", []),
        ("old theme", ["old-search"]),
    ],
)
def test_search(query: str, expected: list[str]) -> None:
    """Every word must hold; a flag that cannot be read is found by its key."""
    assert expected == [one.key for one in search(FLAGS, query, me="web")]


def test_keys_that_begin_with_the_word_come_first() -> None:
    """Who types the beginning of a key means that flag."""
    flags = [candidate("a-search"), candidate("search")]

    assert ["search", "a-search"] == [one.key for one in search(flags, "sea")]
