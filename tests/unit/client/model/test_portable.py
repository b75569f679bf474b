"""The subset of RE2 that Python's `re` runs in linear time: what is in it, and what it costs."""

from __future__ import annotations

import re
import time

import pytest

from flaghoist.model.limits import MAX_SUBJECT_CHARS
from flaghoist.model.portable import NotPortable, translate

PORTABLE = [
    "",
    "plain text",
    "^a+$",
    "^[a-z]+@example\\.com$",
    "iPhone|iPad",
    r"\d{3}",
    r"^\d+\.\d+$",
    "^(a|b)*c$",
    "x{2,5}y",
    "^(ab?c)+$",
]
CHOICES = [
    ("(a+)+$", "one character does not decide how it goes on"),
    ("^(a+)+$", "one character does not decide how it goes on"),
    ("^(a|a)*$", "two options of a choice are empty"),
    ("^(a|ab)(c|bcd)$", "one character does not decide how it goes on"),
    ("^.*x$", "one character does not decide how it goes on"),
    ("^(a*)*$", "something that can be empty is repeated"),
    ("^(a?|b?)$", "two options of a choice can be empty"),
    ("a*b", "it repeats without a bound and without ^"),
    ("(a{30}){30}", "it is longer than 400 characters, repeats counted"),
    ("|".join(chr(0x4E00 + n) for n in range(99)), "it leaves too many ways on"),
]


@pytest.mark.parametrize("pattern", PORTABLE)
def test_portable(pattern: str) -> None:
    """A pattern without a choice is translated into one that `re` takes."""
    re.compile(translate(pattern, ignore_case=False))


@pytest.mark.parametrize(("pattern", "why"), CHOICES)
def test_a_choice_is_not_portable(pattern: str, why: str) -> None:
    """Whatever gives one text two ways is refused, and so is what takes too many."""
    with pytest.raises(NotPortable) as caught:
        translate(pattern, ignore_case=False)

    assert why == str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("^a$", "a\n", False),
        ("^.$", "\n", False),
        (r"^\d$", "٣", False),
        (r"^\w$", "ä", False),
        (r"^\s$", "\v", False),
        ("^[^a]$", "\n", True),
    ],
)
def test_means_what_re2_means(pattern: str, subject: str, expected: bool) -> None:
    """Where `re` and RE2 differ, the translation follows RE2."""
    found = re.search(translate(pattern, ignore_case=False), subject)

    assert expected == (found is not None)


def test_the_worst_subject_takes_no_time() -> None:
    """A search that fails at every character of the longest subject stays far from a second."""
    pattern = re.compile(translate("(?:a{1,10}b){2}", ignore_case=False))
    subject = "a" * MAX_SUBJECT_CHARS

    started = time.process_time()
    found = pattern.search(subject)

    assert found is None
    assert time.process_time() - started < 1
