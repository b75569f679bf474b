"""The live screen of `flaghoist watch`: every flag, who has it, and what is evaluated of it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from flaghoist_server.console.words.quantities import ago
from flaghoist_server.terminal.cells import Cell
from flaghoist_server.terminal.tables import console, table_of
from flaghoist_server.terminal.words import mark, name_of, tone

__all__ = ["Board"]

HEADINGS = ("flag", "state", "a second", "changed", "by", "reason")


class Board:
    """A context manager: on the terminal's other screen, which is left as it was found."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._rates: dict[str, dict[str, float]] = {}
        self._fleet: dict[str, Any] = {}
        self._live = Live(console=console(), screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def see(self, event: str, data: dict[str, Any]) -> None:
        """Take in an event and draw everything anew."""
        if event == "state":
            self._rows |= {row["key"]: row for row in data["flags"]}
            for key in data["removed"]:
                self._rows.pop(key, None)
        elif event == "fleet":
            self._fleet = data
        else:
            self._rates = data["rates"]
        self._live.update(self._drawn(datetime.now(UTC)), refresh=True)

    def _drawn(self, now: datetime) -> Group:
        rows = [self._row(row, now) for row in sorted(self._rows.values(), key=_by_key)]
        return Group(self._head(), Text(), table_of(HEADINGS, rows))

    def _head(self) -> Text:
        if not self._fleet:
            return Text("waiting for the fleet …", style="bright_black")
        applied, connected = self._fleet["applied"], self._fleet["connected"]
        head = Text(f"version {self._fleet['version']} · ", style="bold")
        style = "green" if applied >= connected else "yellow"
        head.append(f"{applied} of {connected} SDKs have it", style=style)
        return head.append(" · Ctrl-C ends it", style="bright_black")

    def _row(self, row: dict[str, Any], now: datetime) -> list[Cell]:
        effective = row["effective"]
        rates = self._rates.get(row["key"], {})
        said = "  ".join(f"{name or 'default'} {rate:.0f}" for name, rate in sorted(rates.items()))
        return [
            row["key"],
            (f"{mark(effective)} {effective}", tone(effective)),
            said or ("–", "bright_black"),
            ago(row["changed_at"], now),
            name_of(row["changed_by"]),
            row["reason"],
        ]


def _by_key(row: dict[str, Any]) -> str:
    return str(row["key"])
