"""Tables as a terminal shows them."""

from __future__ import annotations

import io

from rich.console import Console

from flaghoist_server.terminal.tables import table_of


def drawn(width: int, rows: list[list[str | tuple[str, str]]]) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table_of(("flag", "reason"), rows))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO


def test_the_first_column_is_kept_whole_where_there_is_little_room() -> None:
    """The reason wraps; the key can still be copied."""
    lines = drawn(30, [["a-key-of-twenty-chars", "why it was done at all"]])

    assert any("a-key-of-twenty-chars" in line for line in lines)
    assert len(lines) > 2


def test_cells_are_never_read_as_markup() -> None:
    """A key or a reason in brackets is printed as it is."""
    lines = drawn(80, [["[bold]key[/bold]", ("[link=x]why", "red")]])

    assert "[bold]key[/bold]" in lines[1]
    assert "[link=x]why" in lines[1]
