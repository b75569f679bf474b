"""The fold: a state and an entry give the next state."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.logs import AT, Log

from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import NotNext, empty, fold, fold_all, follows
from flaghoist_server.change.state import Head, StoredFlag

ON = b'{"default":"on"}'
OFF = b'{"state":"off","default":"on"}'


def test_a_flag_remembers_its_last_change() -> None:
    """Version, time, author, reason and kind of the entry, and the document byte for byte."""
    log = Log()
    log.create()

    log.change({"a": ON}, kind="ramp", reason="why")

    assert {"a": StoredFlag(2, ON, AT, "ada", "why", "ramp")} == log.state.flags


def test_a_change_leaves_the_state_before_it_alone() -> None:
    """A state is never altered: readers hold it."""
    log = Log()
    log.create()
    log.change({"a": ON}, {"s": b"1"})
    before = log.state

    log.change({"a": None, "b": ON}, {"s": None})

    assert {"a"} == set(before.flags)
    assert {"s": b"1"} == before.segments
    assert {"b"} == set(log.state.flags)
    assert {} == log.state.segments


def test_a_kill_lasts_until_the_flag_is_on() -> None:
    """Other changes of a killed flag leave it killed; on ends it; off after that is no kill."""
    log = Log()
    log.create()
    log.change({"a": ON})
    killed = []

    for at, kind, document in [
        ("2027-01-02", "kill", OFF),
        ("2027-01-03", "ramp", b'{"state":"off","default":{"on":1,"off":99}}'),
        ("2027-01-04", "on", ON),
        ("2027-01-05", "off", OFF),
    ]:
        log.change({"a": document}, kind=kind, at=at)
        killed.append(log.state.flags["a"].killed_at)

    assert ["2027-01-02", "2027-01-02", "", ""] == killed


def test_many_entries_fold_as_one_by_one() -> None:
    """`fold_all` is `fold` again and again."""
    log = Log()
    log.create()
    for number in range(20):
        log.change({f"f{number % 3}": ON if number % 2 else None})
    one_by_one = empty("production")
    for change in log.changes:
        one_by_one = fold(one_by_one, change)

    assert one_by_one == fold_all(empty("production"), log.changes)


@pytest.mark.parametrize(
    ("fields", "follow"),
    [
        ({}, True),
        ({"version": 4}, False),
        ({"version": 2}, False),
        ({"parent": "sha256:other"}, False),
        ({"environment": "staging"}, False),
        ({"epoch": "e2"}, True),
        ({"epoch": "e2", "version": 9}, True),
        ({"epoch": "e2", "version": 2}, False),
        ({"epoch": "e2", "parent": ""}, False),
    ],
    ids=str,
)
def test_what_follows_a_head(fields: dict[str, Any], follow: bool) -> None:
    """The next version of its epoch, or a higher one that begins another, chained to it."""
    head = Head("production", "e1", 2, "sha256:two")
    change = Change("production", "e1", 3, "apply", AT, "ada", parent="sha256:two")
    change = msgspec.structs.replace(change, **fields)

    assert follow is follows(head, change)


def test_an_entry_that_does_not_follow_is_refused() -> None:
    """The error tells both places."""
    log = Log()
    log.create()
    entry = log.change({"a": ON})

    with pytest.raises(NotNext, match=r"entry 2 .* does not follow version 2"):
        fold(log.state, entry)
