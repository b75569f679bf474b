"""What goes to stdout and stderr, with and without a terminal."""

from __future__ import annotations

import json

import pytest

from flaghoist_server.terminal.cells import clean
from flaghoist_server.terminal.output import Output, say

HEADINGS = ("flag", "state")
ROWS = [["new-checkout", ("● ON", "green")], ["a", "○ OFF"]]


def test_a_table_in_a_pipe_is_plain_text_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """No colour, no box, nothing cut, no blanks at the ends of lines."""
    Output().table(HEADINGS, ROWS)

    expected = "flag          state\nnew-checkout  ● ON\na             ○ OFF\n"
    assert expected == capsys.readouterr().out


def test_a_table_without_rows_says_so_to_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    """A script that reads stdout gets no row, and no heading that looks like one."""
    Output().table(HEADINGS, [], empty="there is none yet")

    assert ("", "there is none yet\n") == tuple(capsys.readouterr())


def test_messages_for_people_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """And are not coloured where nobody sees colours."""
    say("took a while", "yellow")

    assert ("", "took a while\n") == tuple(capsys.readouterr())


def test_json_is_for_programs_and_keeps_every_character(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is printed reads back as what was answered, and stays legible."""
    answer = {"key": "ünïcode", "value": [1, None, "€"]}

    Output(as_json=True).document(answer)

    printed = capsys.readouterr().out
    assert answer == json.loads(printed)
    assert "ünïcode" in printed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),  # clears the screen where it is obeyed
        ("two\nlines", "two\\nlines"),
        ("\u202eright to left", "\\u202eright to left"),
        ("[red]not markup[/red]", "[red]not markup[/red]"),
    ],
)
def test_text_of_others_cannot_command_the_terminal(text: str, expected: str) -> None:
    """A reason or a key may come from anyone: its control characters are shown, not obeyed."""
    assert expected == clean(text)
