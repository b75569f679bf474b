"""Problems as text."""

from __future__ import annotations

import pytest

from flaghoist.model.problem import FileProblem, Problem, path_text, shown


def test_problem_names_its_path() -> None:
    """A problem of a document says where in the document."""
    problem = Problem(("flags", "a.b", "rules", 0, "serve"), "this is 1", "text")

    assert str(problem) == "flags.a.b.rules[0].serve: this is 1; expected text"


def test_problem_at_the_root_is_its_sentence() -> None:
    """Without a path there is nothing before the sentence."""
    assert str(Problem((), "no flag file")) == "no flag file"


def test_file_problem_names_its_place() -> None:
    """A problem of a file is `file:line:column: what is wrong; expected …`."""
    problem = FileProblem(("flags",), "this is 1", "a mapping", file="f.yaml", line=3, column=8)

    assert str(problem) == "f.yaml:3:8: this is 1; expected a mapping"


def test_path_escapes_what_cannot_be_printed() -> None:
    """A key from outside cannot break a line or an encoder."""
    assert path_text(("flags", "a\nb", "\ud800")) == "flags.'a\\nb'.'\\ud800'"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        ({}, "a mapping"),
        ([], "a list"),
        (1.5, "1.5"),
        ("a\n", "'a\\n'"),
        ("x" * 100, "'" + "x" * 59 + "…"),
        pytest.param(10**5000, "a very long number", id="long"),
    ],
)
def test_shown(value: object, expected: str) -> None:
    """A value is named as the file's author knows it, and never at length."""
    assert expected == shown(value)
