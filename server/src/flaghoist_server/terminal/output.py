"""What a command prints: answers on stdout, messages for people on stderr.

Rules: colour and tables only on a terminal (NO_COLOR and TERM=dumb are honoured); in a pipe
plain text, one row a line, nothing cut off. With `--json` stdout holds JSON and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from flaghoist_server.terminal.cells import Cell, clean, is_terminal, wants_colour

__all__ = ["Output", "say"]


def say(message: str, style: str | None = None) -> None:
    """A message for people, on stderr."""
    styled = click.style(message, fg=style) if style and wants_colour(sys.stderr) else message
    click.echo(styled, err=True, color=True)


class Output:
    """Where a command's answer goes; `json` says in which form it is wanted."""

    def __init__(self, as_json: bool = False) -> None:
        self.json = as_json

    def document(self, answer: Any) -> None:
        """Print the answer as JSON, indented."""
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))

    def json_line(self, answer: Any) -> None:
        """Print one JSON document of a stream of them, on a line of its own, at once."""
        click.echo(json.dumps(answer, ensure_ascii=False))
        sys.stdout.flush()

    def line(self, *cells: Cell) -> None:
        """Print cells on one line, with a space between."""
        click.echo(" ".join(_painted(cell, wants_colour(sys.stdout)) for cell in cells), color=True)

    def text(self, text: str) -> None:
        """Print text that has lines of its own and ends with one."""
        click.echo(text, nl=not text.endswith("\n"))

    def table(
        self, headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, empty: str = ""
    ) -> None:
        """Print rows under headings, in columns; without rows, `empty` as a message."""
        if not rows:
            say(empty)
        elif is_terminal(sys.stdout):
            # rich takes longer to import than most commands take: only for who sees a table
            from flaghoist_server.terminal.tables import print_table  # noqa: PLC0415

            print_table(headings, rows)
        else:
            self.text(_plain_table(headings, rows))


def _plain_table(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    lines = [list(headings), *([_painted(cell, False) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    padded = (
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join(padded) + "\n"


def _painted(cell: Cell, colour: bool) -> str:
    text, style = (cell, None) if isinstance(cell, str) else cell
    return click.style(clean(text), fg=style) if style and colour else clean(text)
