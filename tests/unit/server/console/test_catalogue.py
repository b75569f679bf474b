"""What is decoded once, and when again."""

from __future__ import annotations

import msgspec

from flaghoist_server.change.state import StoredFlag
from flaghoist_server.console.catalogue import Catalogue, effect_of

ON = StoredFlag(1, b'{"type":"boolean","state":"on","default":"on"}')
OFF = StoredFlag(2, b'{"type":"boolean","state":"off","default":"on"}')
FROM_THE_FUTURE = b'{"type":"hologram"}'


def test_a_flag_that_has_not_changed_is_the_same_candidate() -> None:
    """Searching again costs no decoding; a flag that changed is read anew, one that went is gone."""
    catalogue = Catalogue()
    first, gone = catalogue.candidates("production", {"a": ON, "b": ON})

    again, came = catalogue.candidates("production", {"a": ON, "c": OFF})

    assert first is again
    assert ("c", "OFF") == (came.key, came.effective.text)
    assert "b" == gone.key


def test_a_flag_that_was_changed_is_read_anew() -> None:
    """Whatever was changed about it."""
    catalogue = Catalogue()
    catalogue.candidates("production", {"a": ON})

    (now,) = catalogue.candidates("production", {"a": OFF})

    assert "OFF" == now.effective.text


def test_environments_are_apart() -> None:
    """The same key does something else in each."""
    catalogue = Catalogue()

    (there,) = catalogue.candidates("production", {"a": ON})
    (here,) = catalogue.candidates("staging", {"a": OFF})

    assert ("ON", "OFF") == (there.effective.text, here.effective.text)


def test_a_flag_that_cannot_be_read_still_has_a_state() -> None:
    """A kill is known without the document."""
    unread = StoredFlag(1, FROM_THE_FUTURE)
    killed = msgspec.structs.replace(unread, killed_at="2026-11-26T00:00:00Z")

    assert (None, "not readable") == (effect_of("a", unread)[0], effect_of("a", unread)[1].text)
    assert (None, "KILLED") == (effect_of("a", killed)[0], effect_of("a", killed)[1].text)
