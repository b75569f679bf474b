"""Tables on a terminal, by rich: one line a row, nothing read as markup.

Columns stand in the order of what one looks for. Where the terminal is too narrow the last ones
give way: the last that has some room is cut short, those after it are left out. A pipe gets
everything, see `output`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flaghoist_server.terminal.cells import Cell, clean, wants_colour

__all__ = ["console", "print_table", "table_of"]

GAP = 2
LEAST = 8
"""A column that is cut shorter than this says nothing any more."""


def console() -> Console:
    """Rich on stdout; in colour where a person wants colour."""
    return Console(highlight=False, no_color=not wants_colour(sys.stdout))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows under headings, as wide as the terminal allows."""
    screen = console()
    screen.print(table_of(headings, rows, screen.width))


def table_of(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], width: int | None = None
) -> Table:
    """The rows as a table without a box, at most `width` characters wide."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = _fitting(
        [max(map(len, column)) for column in zip(headings, *texts, strict=True)], width
    )
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bright_black")
    for heading, room in zip(headings, widths, strict=False):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=room)
    for row in texts:
        table.add_row(*row[: len(widths)])
    return table


def _fitting(widths: list[int], width: int | None) -> list[int]:
    """How wide each column may be; fewer than there are where the last have no room."""
    if width is None:
        return widths
    fitting: list[int] = []
    left = width
    for wanted in widths:
        if left < min(wanted, LEAST) and fitting:
            break
        fitting.append(min(wanted, left))
        left -= wanted + GAP
    return fitting


def _text(cell: Cell) -> Text:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text(clean(text), style=style)
