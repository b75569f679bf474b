"""Flag files read as one, and the way back from a problem to its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaghoist.model.problem import Problem
from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.sources import Sources, read_texts

SEGMENTS = b"""\
flaghoist: 1
segments:
  staff: {when: {attribute: email, ends_with: ["@example.com"]}}
"""
FLAGS = b"""\
flaghoist: 1
flags:
  new-checkout:
    environments:
      production:
        off_variant: off
        rules: [{when: {segment: staff}, serve: on}]
        default: off
"""


def refusal(*texts: tuple[str, bytes]) -> CommandFailed:
    with pytest.raises(CommandFailed) as caught:
        Sources(texts)
    return caught.value


def test_a_rule_may_name_a_segment_of_another_file() -> None:
    """Several files are one flag file."""
    sources = Sources([("flags.yaml", FLAGS), ("segments.yaml", SEGMENTS)])

    assert ["new-checkout"] == list(sources.file.flags)
    assert ["staff"] == list(sources.file.segments)


def test_what_stands_in_two_files_is_refused_naming_both_places() -> None:
    """Neither of two definitions would be the right one to take."""
    failure = refusal(("a.yaml", FLAGS), ("s.yaml", SEGMENTS), ("b.yaml", FLAGS))

    expected = "b.yaml:3:3: 'new-checkout' stands in a.yaml:3 already"
    assert expected == failure.message.partition(";")[0]
    assert BAD_INPUT == failure.exit_code


def test_a_problem_is_placed_in_the_file_that_has_it() -> None:
    """A percentage that is wrong in the second file is said of the second file."""
    wrong = FLAGS.replace(b"default: off", b"default: {on: 9, off: 90}")

    failure = refusal(("segments.yaml", SEGMENTS), ("flags.yaml", wrong))

    assert failure.message.startswith("flags.yaml:8:18: ")
    assert 8 == failure.details["problems"][0]["line"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"flags: {}", "b.yaml:1:1: the version of the format is missing"),
        (b"[]", "b.yaml:1:1: this is no flag file"),
        (b"flaghoist: 1\ncolours: {}", "b.yaml:2:1: unknown field 'colours'"),
        (b"flaghoist: 1\nflags: 3", "b.yaml:2:8: "),
        (b"a: [", "b.yaml:1:"),
    ],
)
def test_each_of_several_files_must_be_a_flag_file(text: bytes, expected: str) -> None:
    """The frame of every file is checked, not only that of the first."""
    failure = refusal(("a.yaml", SEGMENTS), ("b.yaml", text))

    assert expected == failure.message[: len(expected)]


def test_problems_that_the_server_finds_get_their_lines() -> None:
    """The server knows paths in a document; people know lines in files."""
    sources = Sources([("segments.yaml", SEGMENTS), ("flags.yaml", FLAGS)])
    path = ("flags", "new-checkout", "environments", "production", "default")

    placed = sources.placed([Problem(path, "no such variant")])

    assert [("flags.yaml", 8, 18)] == [(p.file, p.line, p.column) for p in placed]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Bad input, and nothing else has happened."""
    with pytest.raises(CommandFailed, match=r"none\.yaml: cannot be read: no such file") as caught:
        read_texts([str(tmp_path / "none.yaml")])

    assert BAD_INPUT == caught.value.exit_code
