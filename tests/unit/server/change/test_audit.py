"""The hash chain: any alteration of a log is found, and at its place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.logs import Log

from flaghoist_server.change.audit import Break, chain, hash_of, verify
from flaghoist_server.change.change import Change, Edit


def sound_log() -> Log:
    log = Log()
    log.create()
    for number in range(1, 9):
        log.change({f"f{number % 3}": b'{"default":"%d"}' % number}, reason=f"r{number}")
    log.change({"f0": None}, {"s": b"{}"})
    log.restart("e2", version=20)
    log.change({"f0": b"{}"}, {"s": None})
    return log


def test_a_sound_log_has_no_break() -> None:
    """Removals, segments and a new epoch that leaves out versions included."""
    log = sound_log()

    assert [] == verify(log.changes, log.state.head)


def test_a_hash_covers_the_entry_and_its_parent() -> None:
    """Sealed twice it is the same; with another parent it is another."""
    change = Change("p", "e", 1, "apply", "t", "ada", flags={"b": Edit(), "a": Edit()})

    assert chain(change, "") == chain(change, "")
    assert chain(change, "").hash != chain(change, "x").hash
    assert chain(change, "").hash == hash_of(chain(change, ""))
    assert ["a", "b"] == list(chain(change, "").flags)


def test_a_log_survives_its_json() -> None:
    """The chain holds for entries that were written and read back."""
    log = sound_log()
    written = [msgspec.json.encode(change) for change in log.changes]

    assert [] == verify(msgspec.json.decode(entry, type=Change) for entry in written)


ALTERATIONS: dict[str, Any] = {
    "actor": {"actor": "eve"},
    "reason": {"reason": "another"},
    "time": {"at": "2020-01-01T00:00:00.000Z"},
    "kind": {"kind": "off"},
    "version": {"version": 99},
    "epoch": {"epoch": "e9"},
    "document": {"flags": {"f1": Edit.of(None, b'{"default":"0"}')}},
    "note": {"note": "nothing to see"},
    "hash": {"hash": "sha256:" + "0" * 64},
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
@given(index=st.integers(0, 11))
@settings(max_examples=12, deadline=None)
def test_an_altered_entry_is_named(alteration: str, index: int) -> None:
    """Whatever was altered, the first break is at that entry."""
    log = sound_log()
    altered = msgspec.structs.replace(log.changes[index], **ALTERATIONS[alteration])
    log.changes[index] = altered

    found = verify(log.changes, log.state.head)

    assert altered.version == found[0].version


def reforged(changes: list[Change]) -> list[Change]:
    """The log with all hashes made again, as somebody who knows the code would."""
    forged: list[Change] = []
    for change in changes:
        forged.append(chain(change, forged[-1].hash if forged else ""))
    return forged


@given(index=st.integers(0, 11))
@settings(max_examples=12, deadline=None)
def test_a_missing_entry_is_found(index: int) -> None:
    """At the entry after it; the last one by the head."""
    log = sound_log()
    missing = log.changes.pop(index)

    found = verify(log.changes, log.state.head)

    after = [change.version for change in log.changes if change.version > missing.version]
    assert (after or [log.changes[-1].version])[0] == found[0].version


@given(st.integers(0, 10))
@settings(max_examples=11, deadline=None)
def test_swapped_and_repeated_entries_are_found(index: int) -> None:
    """Order and number are part of the chain."""
    swapped, repeated = sound_log().changes, sound_log().changes
    swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]
    repeated.insert(index, repeated[index])

    assert verify(swapped)
    assert verify(repeated)


def test_a_forged_document_contradicts_what_was_before() -> None:
    """Even with all hashes made again, entries say what was there before them."""
    log = sound_log()
    log.changes[1] = msgspec.structs.replace(
        log.changes[1], flags={"f1": Edit.of(None, b'{"default":"forged"}')}
    )

    assert [Break(5, "flag 'f1' was another before this entry")] == verify(reforged(log.changes))


def test_a_forged_log_is_found_by_a_head_that_was_written_down() -> None:
    """A log that was made again as a whole ends at another hash."""
    log = sound_log()
    head = log.state.head
    log.changes[-1] = msgspec.structs.replace(log.changes[-1], actor="eve")

    assert [21] == [found.version for found in verify(reforged(log.changes), head)]


def test_a_cut_off_end_is_found_by_the_head() -> None:
    """The break is where the log ends, and tells where it should."""
    log = sound_log()

    (found,) = verify(log.changes[:5], log.state.head)

    assert 5 == found.version
    assert "should end at 21" in found.what
