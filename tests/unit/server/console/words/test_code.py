"""The line of Python that a page suggests for a flag."""

from __future__ import annotations

import pytest

from flaghoist.model.flag import Flag
from flaghoist_server.console.words.code import asking

SIZES = {"small": 1.5, "large": 3}


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (None, 'if flags.is_enabled("k", "user-42"):\n    …'),
        (Flag(), 'if flags.is_enabled("k", "user-42"):\n    …'),
        (
            Flag(type="string", variants={"a": 'a"b', "b": "b"}, off_variant="b"),
            'value = flags.value("k", "user-42", default="b")',
        ),
        (
            Flag(type="string", variants={"a": 'a"b', "b": "b"}),
            'value = flags.value("k", "user-42", default="a\\"b")',
        ),
        (Flag(type="number", variants=SIZES), 'value = flags.value("k", "user-42", default=1.5)'),
        (
            Flag(type="object", variants={"a": {"x": True}}),
            'value = flags.value("k", "user-42", default={})',
        ),
    ],
)
def test_the_call_is_of_the_flags_type(flag: Flag | None, expected: str) -> None:
    """It can be pasted and runs."""
    compile(expected.replace("…", "..."), "pasted", "exec")
    assert expected == asking("k", flag)
