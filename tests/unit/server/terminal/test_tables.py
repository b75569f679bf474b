"""Tables as a terminal shows them."""

from __future__ import annotations

import io

from rich.console import Console

from flaghoist_server.terminal.tables import table_of

HEADINGS = ("flag", "state", "by", "reason")


def drawn(width: int, *rows: list[str | tuple[str, str]]) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table_of(HEADINGS, rows, width))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO


def test_every_row_is_one_line() -> None:
    """The last column with room is cut, where there is too little; the key can still be copied."""
    lines = drawn(48, ["a-key-of-twenty-chars", "ON for 25 %", "anna", "why it was done at all"])

    assert [
        "flag                   state        by",
        "a-key-of-twenty-chars  ON for 25 %  anna",
    ] == [line.rstrip()[:41].rstrip() for line in lines]
    assert max(map(len, lines)) <= 48


def test_columns_without_room_are_left_out() -> None:
    """Half a word of a reason says nothing."""
    lines = drawn(30, ["a-key-of-twenty-chars", "ON", "anna", "why"])

    assert ["flag                   state", "a-key-of-twenty-chars  ON"] == [
        line.rstrip() for line in lines
    ]


def test_where_there_is_room_everything_is_shown() -> None:
    """No column is wider than it needs to be."""
    lines = drawn(120, ["key", "ON", "anna", "why it was done at all"])

    assert "key   ON     anna  why it was done at all" == lines[1].rstrip()


def test_cells_are_never_read_as_markup() -> None:
    """A key or a reason in brackets is printed as it is."""
    lines = drawn(80, ["[bold]key[/bold]", "ON", "me", ("[link=x]why", "red")])

    assert "[bold]key[/bold]" in lines[1]
    assert "[link=x]why" in lines[1]
