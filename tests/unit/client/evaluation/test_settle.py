"""Which value may stand in for which default, and what is said where nothing can be served."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.client.flags import Document, snapshot_of

from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason
from flaghoist.evaluation.settle import absent, failed, settle


def flag_of(value: object) -> Document:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number"}
    kind = kinds.get(type(value), "object")
    return {"type": kind, "variants": {"v": value}, "default": "v"}


FITTING = [
    (True, False),
    ("a", "b"),
    ("a", ""),
    (1, 2),
    (1, 2.5),
    (1.5, 2.5),
    ({"a": 1}, {}),
    ([1], []),
    ({"a": 1}, []),
    ({"a": 1}, None),
    (True, None),
]
OTHER = [
    (True, 1),
    (True, "true"),
    (1, True),
    (1, "1"),
    (1.5, 1),
    (1.5, True),
    ("a", 1),
    ("a", True),
    ("a", {}),
    ({"a": 1}, "a"),
    ([1], 1),
    ({}, False),
]


@pytest.mark.parametrize(("value", "default"), FITTING)
def test_a_value_that_fits_the_default_is_served(value: Any, default: Any) -> None:
    """`None` is a default for every type, a whole number is a number."""
    flag = snapshot_of({"f": flag_of(value)}).flags["f"]

    assert settle(flag, None, default).value == value


@pytest.mark.parametrize(("value", "default"), OTHER)
def test_a_value_of_another_type_than_the_default_is_not_served(value: Any, default: Any) -> None:
    """The caller's code was written for the type of its default."""
    flag = snapshot_of({"f": flag_of(value)}).flags["f"]

    found = settle(flag, None, default)

    assert found == failed(default, ErrorCode.TYPE_MISMATCH, 1)


@pytest.mark.parametrize("value", [1, "true", {}, 0.0])
def test_only_truth_values_answer_whether_a_flag_is_enabled(value: Any) -> None:
    """Also if the caller named no default."""
    flag = snapshot_of({"f": flag_of(value)}).flags["f"]

    assert settle(flag, None, None, boolean=True).error == ErrorCode.TYPE_MISMATCH


def test_an_object_is_handed_out_as_a_copy() -> None:
    """Snapshots are shared by all threads."""
    flag = snapshot_of({"f": flag_of({"a": [1]})}).flags["f"]

    settle(flag, None, None).value["a"].append(2)

    assert settle(flag, None, None).value == {"a": [1]}


@pytest.mark.parametrize(
    ("loaded", "error"),
    [(False, ErrorCode.PROVIDER_NOT_READY), (True, ErrorCode.FLAG_NOT_FOUND)],
)
def test_a_flag_that_is_not_there_says_why(loaded: bool, error: ErrorCode) -> None:
    """Nothing has been loaded yet, or there is no such flag."""
    assert absent("f", "d", loaded, {}) == Evaluation("d", None, Reason.ERROR, None, 0, error)


def test_a_flag_that_was_set_aside_says_so() -> None:
    """It is there, but this SDK cannot use it."""
    assert absent("f", None, True, {"f": "no hash 'sha1'"}).error == ErrorCode.PARSE_ERROR
