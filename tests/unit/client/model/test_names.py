"""Which text may be a name, and what is said when there is none of it."""

from __future__ import annotations

import pytest

from flaghoist.model.names import is_key, is_label, nearest, one_of, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("new-checkout", True),
        ("A/b_c.9", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("a b", False),
        ("ünï", False),
        ("a\n", False),
        ("a:b", False),
    ],
)
def test_key(text: str, expected: bool) -> None:
    """A key is 1 to 128 of the contract's characters."""
    assert expected == is_key(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", True),
        ("Variant B (new)", True),
        ("ünï", True),
        ("", False),
        ("a\nb", False),
        ("x" * 129, False),
    ],
)
def test_label(text: str, expected: bool) -> None:
    """A variant's name is any printable text of bounded length."""
    assert expected == is_label(text)


@pytest.mark.parametrize(
    ("wrong", "expected"), [("stagging", "staging"), ("prod", None), ("zzz", None)]
)
def test_nearest(wrong: str, expected: str | None) -> None:
    """The nearest name is offered only when it is near."""
    assert expected == nearest(wrong, ["production", "staging"])


def test_few_names_are_listed() -> None:
    """Up to a dozen names are all named."""
    assert one_of(["on", "off"], "of", "variant") == "one of on, off (nearest: off)"


def test_many_names_are_not_listed() -> None:
    """Of more only the nearest is named."""
    assert (
        one_of([f"s{n}" for n in range(99)], "s7", "segment")
        == "the name of a segment (nearest: s7)"
    )


def test_no_names() -> None:
    """Without any name the message says so."""
    assert one_of([], "x", "segment") == "the name of a segment, and there is none yet"


def test_plain_escapes_what_cannot_be_printed() -> None:
    """A name with a line break does not break the message."""
    assert (plain("on"), plain("o\nn")) == ("on", "'o\\nn'")
