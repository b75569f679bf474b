"""A compiled flag: what a snapshot knows of it."""

from __future__ import annotations

import pytest
from tests.unit.client.flags import OFF, ON, Document, snapshot_of

TEN: Document = {"off_variant": "off", "default": {"on": 10, "off": 90}}
RULED: Document = {**ON, "rules": [{"serve": "on"}]}


@pytest.mark.parametrize(
    ("flag", "fixed"),
    [(ON, "on"), (OFF, "off"), (TEN, None), (RULED, None), ({**RULED, "state": "off"}, "off")],
    ids=["on", "off", "split", "rules", "rules, off"],
)
def test_a_flag_that_is_the_same_for_everyone_need_not_be_asked(
    flag: Document, fixed: str | None
) -> None:
    """A killed flag costs no more than one without any rule."""
    compiled = snapshot_of({"f": flag}).flags["f"]

    assert (None if compiled.fixed is None else compiled.fixed.variant) == fixed


def test_it_keeps_its_version_and_document() -> None:
    """What is explained is the document that is in use, not a newer one that was set aside."""
    snapshot = snapshot_of({"f": ON})

    compiled = snapshot.flags["f"]

    assert (compiled.key, compiled.version) == ("f", 1)
    assert compiled.document == snapshot.documents["f"][1]


def test_asked_it_answers_with_an_outcome() -> None:
    """Also if it is the same for everyone."""
    compiled = snapshot_of({"f": ON}).flags["f"]

    assert compiled.choose(None).value is True
    assert compiled.choose("user-1") is compiled.fixed
