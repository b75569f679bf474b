"""Tables on a terminal, by rich: columns as wide as there is room, nothing read as markup."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flaghoist_server.terminal.output import Cell, clean, wants_colour

__all__ = ["console", "print_table", "table_of"]


def console() -> Console:
    """Rich on stdout; in colour where a person wants colour."""
    return Console(highlight=False, no_color=not wants_colour(sys.stdout))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows under headings."""
    console().print(table_of(headings, rows))


def table_of(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """No box, room between the columns; the first is what one looks for and is kept whole."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bright_black")
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place == 0, overflow="fold")
    for row in rows:
        pairs = [(cell, "") if isinstance(cell, str) else cell for cell in row]
        table.add_row(*(Text(clean(text), style=style) for text, style in pairs))
    return table
