"""What is taken as a context, and how attributes are found in it."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict, UserDict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from flaghoist.errors import InvalidContext
from flaghoist.evaluation.context import Context, attributes_of


@pytest.mark.parametrize(
    "source",
    [
        {"targeting_key": "user-1", "plan": "pro"},
        OrderedDict(targeting_key="user-1", plan="pro"),
        UserDict(targeting_key="user-1", plan="pro"),
        MappingProxyType({"targeting_key": "user-1", "plan": "pro"}),
        Context("user-1", plan="pro"),
        Context(targeting_key="user-1", plan="pro"),
        Context("user-1", targeting_key="another", plan="pro"),
    ],
    ids=lambda source: type(source).__name__,
)
def test_each_way_to_say_it_is_the_same_context(source: object) -> None:
    """A context is a mapping with a targeting key in it, however it is written."""
    context = Context.of(source)

    assert context.targeting_key == "user-1"
    assert dict(context.attributes) == {"targeting_key": "user-1", "plan": "pro"}


@pytest.mark.parametrize(
    ("source", "attributes"),
    [
        ("user-1", {"targeting_key": "user-1"}),
        (12345, {"targeting_key": 12345}),
        (None, {}),
        ({}, {}),
        (Context(), {}),
    ],
)
def test_texts_and_integers_are_targeting_keys(source: object, attributes: dict[str, Any]) -> None:
    """Nothing at all is a context, too."""
    assert attributes_of(source) == attributes


@pytest.mark.parametrize(
    "source", [True, 1.5, b"user-1", ["user-1"], {"user-1"}, object(), Context]
)
def test_what_is_no_context_is_refused(source: object) -> None:
    """The message says what may be passed, and not what was."""
    with pytest.raises(InvalidContext, match="is no context; pass text, a mapping or a Context"):
        attributes_of(source)


class Locked(Mapping[str, object]):
    """A mapping that cannot be read."""

    def __getitem__(self, name: str) -> object:
        raise PermissionError("user-1")

    def __iter__(self) -> Iterator[str]:
        yield "targeting_key"

    def __len__(self) -> int:
        return 1


def test_a_mapping_that_cannot_be_read_is_refused_without_what_it_says() -> None:
    """What it raises may hold personal data."""
    with pytest.raises(InvalidContext, match=r"cannot be read \(PermissionError\)$"):
        attributes_of(Locked())


def test_a_dictionary_is_used_itself() -> None:
    """An evaluation copies nothing."""
    given = {"targeting_key": "user-1"}

    assert attributes_of(given) is given


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("plan", "pro"),
        ("address.country", "NL"),
        ("address.city.name", "Utrecht"),
        ("dotted.name", "itself"),
        ("address", {"country": "NL", "city": UserDict(name="Utrecht")}),
        ("address.street", None),
        ("plan.name", None),
        ("nothing", None),
        ("nothing.at.all", None),
        ("none.at.all", None),
        ("targeting_key", "user-1"),
        (".", None),
        ("", None),
    ],
)
def test_attributes_are_found_by_name_or_path(path: str, found: object) -> None:
    """A path leads through mappings of any kind; a name with dots comes first."""
    attributes: dict[str, Any] = {
        "plan": "pro",
        "address": {"country": "NL", "city": UserDict(name="Utrecht")},
        "dotted.name": "itself",
        "dotted": {"name": "another"},
        "none": None,
    }

    assert Context("user-1", **attributes).get(path) == found


def test_attributes_may_have_any_name() -> None:
    """`self` and the like are names of attributes as well."""
    context = Context("user-1", **{"self": 1, "context": 2, "not an identifier": 3})

    assert [context.get(name) for name in ("self", "context", "not an identifier")] == [1, 2, 3]


class Visitor(Context):
    """A class of contexts that an application has made."""


@pytest.mark.parametrize("kind", [Context, Visitor])
def test_it_behaves_like_an_object_of_any_class(kind: type[Context]) -> None:
    """It can be inherited from, copied, and sent to another process."""
    context = kind("user-1", plan="pro")

    for same in (copy.copy(context), copy.deepcopy(context), pickle.loads(pickle.dumps(context))):
        assert type(same) is kind
        assert (same.targeting_key, same.attributes) == ("user-1", context.attributes)
    assert attributes_of(context) is context.attributes


def test_its_repr_has_names_and_no_values() -> None:
    """A context ends up in logs."""
    context = Context("user-1", email="a@example.com")

    assert repr(context) == "<Context of email, targeting_key>"
    assert repr(Context()) == "<Context of no attributes>"
