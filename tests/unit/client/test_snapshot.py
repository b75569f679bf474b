"""Snapshots: a change makes a new one, shares the rest, and one bad flag costs one flag."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.client.flags import OFF, ON, Document, raw, snapshot_of

from flaghoist.evaluation.counters import Counters
from flaghoist.model.digest import item_hash, state_hash
from flaghoist.snapshot import Snapshot

BAD = b'{"type":"colour"}'
STAFF: Document = {"when": {"attribute": "email", "ends_with": ["@example.com"]}}
STAFF_ONLY: Document = {
    "off_variant": "off",
    "rules": [{"when": {"segment": "staff"}, "serve": "on"}],
    "default": "off",
}
NEEDS_ON: Document = {**ON, "requires": [{"flag": "on", "variants": ["on"]}]}


def values(snapshot: Snapshot, context: object = None) -> dict[str, Any]:
    return {key: flag.choose(context).value for key, flag in snapshot.flags.items()}


def hash_of(snapshot: Snapshot) -> str:
    """The state hash, computed from nothing."""
    flags = [item_hash("flag", key, doc) for key, (_, doc) in snapshot.documents.items()]
    segments = [item_hash("segment", name, doc) for name, doc in snapshot.segments.items()]
    return state_hash([*flags, *segments])


def test_the_empty_snapshot_is_not_loaded() -> None:
    """It is the nothing that a client starts with; an environment without flags is loaded."""
    assert not Snapshot.empty().loaded
    assert snapshot_of({}).loaded
    assert Snapshot.empty().hash == snapshot_of({}).hash == "0" * 16


def test_a_change_makes_a_new_snapshot_and_leaves_the_old_one() -> None:
    """Who reads the old one sees it whole."""
    before = snapshot_of({"on": ON, "off": OFF, "gone": ON})

    after = before.changed(2, {"on": (2, raw(OFF)), "new": (2, raw(ON)), "gone": None}, {})

    assert values(before) == {"on": True, "off": False, "gone": True}
    assert values(after) == {"on": False, "off": False, "new": True}
    assert (before.version, after.version) == (1, 2)
    assert after.flags["on"].version == 2
    assert (after.environment, after.epoch) == ("production", "epoch")


def test_what_did_not_change_is_shared() -> None:
    """The cost of a change does not depend on the number of flags."""
    before = snapshot_of({"on": ON, "off": OFF})

    after = before.changed(2, {"on": (2, raw(OFF))}, {})

    assert after.flags["off"] is before.flags["off"]
    assert after.flags["on"] is not before.flags["on"]


def test_a_changed_segment_reaches_the_flags_that_use_it() -> None:
    """They are compiled again, though their own documents are the same."""
    before = snapshot_of({"staff-only": STAFF_ONLY, "on": ON}, {"staff": STAFF})
    other = {"when": {"attribute": "email", "ends_with": ["@other.org"]}}

    after = before.changed(2, {}, {"staff": raw(other)})

    context = {"email": "a@other.org"}
    assert values(before, context) == {"staff-only": False, "on": True}
    assert values(after, context) == {"staff-only": True, "on": True}
    assert after.flags["on"] is before.flags["on"]
    assert after.flags["staff-only"].version == 1


def test_a_changed_flag_reaches_the_flags_that_require_it() -> None:
    """Also through others."""
    through = {**ON, "requires": [{"flag": "needs-on", "variants": ["on"]}]}
    before = snapshot_of({"on": ON, "needs-on": NEEDS_ON, "through": through})

    after = before.changed(2, {"on": (2, raw(OFF))}, {})

    assert values(before) == {"on": True, "needs-on": True, "through": True}
    assert values(after) == {"on": False, "needs-on": False, "through": False}


def test_references_that_come_and_go_are_followed() -> None:
    """A flag that begins to use a segment follows it, one that has ended does not."""
    first = snapshot_of({"f": ON, "g": STAFF_ONLY}, {"staff": STAFF})
    second = first.changed(2, {"f": (2, raw(STAFF_ONLY)), "g": (2, raw(ON))}, {})

    third = second.changed(3, {}, {"staff": raw({"when": {"attribute": "x", "exists": [False]}})})

    assert values(second) == {"f": False, "g": True}
    assert values(third) == {"f": True, "g": True}
    assert third.flags["g"] is second.flags["g"]


def test_a_segment_that_comes_back_mends_the_flags_that_wait_for_it() -> None:
    """A flag without its segment is set aside, and is there as soon as the segment is."""
    without = snapshot_of({"f": STAFF_ONLY})

    mended = without.changed(2, {}, {"staff": raw(STAFF)})

    assert list(without.rejected) == ["f"]
    assert mended.rejected == {}
    assert values(mended, {"email": "a@example.com"}) == {"f": True}


def test_a_bad_flag_among_a_thousand_costs_one_flag() -> None:
    """The rest is live, and the reason is told."""
    flags = {f"f{number}": (1, raw(ON)) for number in range(1_000)}
    flags["f500"] = (1, BAD)

    snapshot = Snapshot.of("production", "epoch", 1, flags, {})

    assert set(snapshot.rejected) == {"f500"}
    assert "colour" in snapshot.rejected["f500"]
    assert len(snapshot.flags) == 999
    assert all(values(snapshot).values())


def test_a_flag_that_goes_bad_keeps_its_last_good_form() -> None:
    """Until a good one comes, or it is removed."""
    good = snapshot_of({"f": ON, "g": ON})

    bad = good.changed(2, {"f": (2, BAD)}, {})
    still_bad = bad.changed(3, {"g": (3, raw(OFF))}, {})
    mended = still_bad.changed(4, {"f": (4, raw(OFF))}, {})
    removed = still_bad.changed(4, {"f": None}, {})

    assert values(bad) == {"f": True, "g": True}
    assert bad.flags["f"].version == 1
    assert bad.documents["f"] == (2, BAD)
    assert list(bad.rejected) == list(still_bad.rejected) == ["f"]
    assert values(still_bad) == {"f": True, "g": False}
    assert values(mended) == {"f": False, "g": False}
    assert mended.rejected == {}
    assert values(removed) == {"g": False}
    assert removed.rejected == {}


def test_a_full_snapshot_takes_over_what_did_not_change() -> None:
    """After a reconnect nothing is compiled anew, and last good forms are kept."""
    before = snapshot_of({"f": ON, "g": ON, "h": ON})

    after = Snapshot.of(
        "production",
        "another",
        9,
        {"f": (1, raw(ON)), "g": (9, BAD), "i": (9, raw(OFF))},
        {},
        previous=before,
    )

    assert after.flags["f"] is before.flags["f"]
    assert after.flags["g"] is before.flags["g"]
    assert values(after) == {"f": True, "g": True, "i": False}
    assert (after.epoch, after.version) == ("another", 9)


def test_tallies_outlive_snapshots() -> None:
    """A flag that is compiled anew goes on counting where it was."""
    counters = Counters()
    before = snapshot_of({"f": ON}, counters=counters)

    after = before.changed(2, {"f": (2, raw({**ON, "description": "another"}))}, {})

    first, second = before.flags["f"].fixed, after.flags["f"].fixed
    assert first is not None
    assert second is not None
    assert first is not second
    assert first.tally is second.tally is counters.tally("f", "on")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"rules":[{"when":' + b'{"not":' * 5_000,
        b'{"default":{"on":10,"off":80}}',
        b'{"default":"purple"}',
        b'{"hash":"sha1","default":{"on":10,"off":90}}',
        b'{"rules":[{"serve":"on","when":{"attribute":"a","like":["b"]}}]}',
        b'{"rules":[{"serve":"on","when":{"attribute":"a","matches":["(?=a)b"]}}]}',
        b'{"rules":[{"serve":"on","when":{"segment":"none"}}]}',
        b'{"requires":[{"flag":"f","variants":["on"]}]}',
        b'{"default":"on","description":"' + b"x" * 70_000 + b'"}',
        b'{"variants":{"on":"yes"}}',
        b"null",
        b'"on"',
    ],
    ids=lambda document: document[:40].decode("latin-1"),
)
def test_every_bad_document_is_set_aside(document: bytes) -> None:
    """Whatever is wrong with it: no exception, the reason is told, the last good form stays."""
    before = snapshot_of({"f": ON, "g": ON})

    after = before.changed(2, {"f": (2, document)}, {})

    assert list(after.rejected) == ["f"]
    assert after.rejected["f"]
    assert values(after) == {"f": True, "g": True}
    assert after.hash == hash_of(after)


DOCUMENTS = st.sampled_from([raw(ON), raw(OFF), raw(STAFF_ONLY), raw(NEEDS_ON), BAD, None])
SEGMENTS = st.sampled_from(
    [raw(STAFF), raw({"when": {"attribute": "x", "exists": [False]}}), b'{"when":{}}', None]
)
CHANGES = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["on", "f", "g", "h"]), DOCUMENTS, max_size=3),
        st.dictionaries(st.sampled_from(["staff", "s"]), SEGMENTS, max_size=2),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(CHANGES)
def test_property_changes_come_to_the_same_as_the_whole(changes: list[Any]) -> None:
    """Whichever way a state was reached: same documents, same hash, same good flags.

    Only flags that are set aside may differ: they depend on what was there before.
    """
    snapshot = snapshot_of({})
    for version, (flags, segments) in enumerate(changes, 2):
        entries = {
            key: None if document is None else (version, document)
            for key, document in flags.items()
        }
        snapshot = snapshot.changed(version, entries, segments)

    whole = Snapshot.of("production", "epoch", 99, snapshot.documents, snapshot.segments)

    assert snapshot.hash == whole.hash == hash_of(whole)
    assert snapshot.rejected.keys() <= whole.rejected.keys()
    if not whole.rejected:
        for context in (None, {"email": "a@example.com"}, {"x": 1}):
            assert values(snapshot, context) == values(whole, context)


def test_a_document_is_kept_byte_by_byte() -> None:
    """The hash is over what was received: it can be compared with the server's."""
    document = json.dumps({**ON, "description": "ünï"}, indent=2).encode()

    snapshot = Snapshot.of("production", "epoch", 1, {"f": (1, document)}, {})

    assert snapshot.documents == {"f": (1, document)}
    assert snapshot.hash == hash_of(snapshot)
