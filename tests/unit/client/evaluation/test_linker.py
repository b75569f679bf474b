"""The order of compiling, what depends on what, and what is set aside."""

from __future__ import annotations

from typing import Any

from tests.unit.client.flags import ON, Document, raw

from flaghoist.evaluation.counters import Counters
from flaghoist.evaluation.linker import Linker, flag_item, segment_item, with_dependents

STAFF: Document = {"when": {"attribute": "email", "ends_with": ["@example.com"]}}


def linked(
    flags: dict[str, Document], segments: dict[str, Document], before: Linker | None = None
) -> Linker:
    """A linker that has linked these, starting from another one's results."""
    linker = Linker(
        *(
            (before.flags, before.conditions, before.rejected, before.references)
            if before
            else ({}, {}, {}, {})
        ),
        Counters(),
    )
    items = {*map(flag_item, flags), *map(segment_item, segments)}
    linker.link(
        items,
        {key: (1, raw(flag)) for key, flag in flags.items()},
        {name: raw(segment) for name, segment in segments.items()},
    )
    return linker


def requires(*keys: str) -> Document:
    return {**ON, "requires": [{"flag": key, "variants": ["on"]} for key in keys]}


def uses(*names: str) -> Document:
    when: dict[str, Any] = {"any": [{"not": {"segment": name}} for name in names]}
    return {**ON, "rules": [{"when": when, "serve": "on"}]}


def test_references_are_found_wherever_they_are() -> None:
    """In requirements, and deep in the conditions of rules and segments."""
    linker = linked(
        {
            "f": {**requires("g"), **uses("staff", "beta")}
            | {"requires": requires("g")["requires"]},
            "g": ON,
        },
        {"staff": STAFF, "beta": {"when": {"all": [{"segment": "staff"}]}}},
    )

    assert linker.rejected == {}
    assert linker.references == {
        "flag:f": {"flag:g", "segment:staff", "segment:beta"},
        "segment:beta": {"segment:staff"},
    }


def test_the_order_of_documents_does_not_matter() -> None:
    """What is referred to is compiled before what refers to it."""
    forwards = {"a": requires("b"), "b": requires("c"), "c": ON}
    backwards = dict(reversed(forwards.items()))

    assert set(linked(forwards, {}).flags) == set(linked(backwards, {}).flags) == {"a", "b", "c"}


def test_circles_are_set_aside_and_only_they() -> None:
    """With all that leads into them."""
    linker = linked(
        {"a": requires("b"), "b": requires("a"), "c": requires("c"), "d": requires("a"), "e": ON},
        {"x": {"when": {"segment": "y"}}, "y": {"when": {"segment": "x"}}},
    )

    assert set(linker.flags) == {"e"}
    assert linker.conditions == {}
    assert set(linker.rejected) == {
        "flag:a", "flag:b", "flag:c", "flag:d", "segment:x", "segment:y",
    }  # fmt: skip


def test_what_cannot_be_read_costs_itself_and_those_that_need_it() -> None:
    """The others go on."""
    linker = linked({"a": {"type": "colour"}, "b": requires("a"), "c": ON}, {"s": {"when": {}}})

    assert set(linker.flags) == {"c"}
    assert set(linker.rejected) == {"flag:a", "flag:b", "segment:s"}


def test_what_cannot_be_read_keeps_its_last_good_form() -> None:
    """And so do those that need it."""
    good = linked({"a": ON, "b": requires("a")}, {"s": STAFF})
    flag, condition = good.flags["a"], good.conditions["s"]

    bad = linked({"a": {"type": "colour"}, "b": requires("a")}, {"s": {"when": {}}}, good)

    assert bad.flags["a"] is flag
    assert bad.conditions["s"] is condition
    assert set(bad.rejected) == {"flag:a", "segment:s"}
    assert bad.flags["b"].depth == 2


def test_an_item_without_a_document_is_dropped() -> None:
    """It has been removed."""
    linker = linked({"a": ON}, {"s": STAFF})

    linker.link({flag_item("a"), segment_item("s")}, {}, {})

    assert linker.flags == {}
    assert linker.conditions == {}


def test_dependents_are_found_through_others() -> None:
    """Whatever refers to what has changed is compiled again, and nothing else."""
    dependents = {
        "segment:s": frozenset({"segment:t", "flag:a"}),
        "segment:t": frozenset({"flag:b"}),
        "flag:b": frozenset({"flag:c"}),
        "segment:u": frozenset({"flag:d"}),
    }

    found = with_dependents(["segment:s"], dependents)

    assert found == {"segment:s", "segment:t", "flag:a", "flag:b", "flag:c"}
