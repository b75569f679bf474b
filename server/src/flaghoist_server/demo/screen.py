"""The demo's screen: a scene drawn with rich. Pure: a scene in, something to print out.

What the eye should find: which flag does what (top), what each process really serves and how fast
it had the last change (middle), what was done and when everyone had it (bottom). It fits into 80
by 24; a wider terminal gets longer bars and the reasons of changes whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flaghoist_server.demo.scene import ChangeSeen, Process, Scene
from flaghoist_server.terminal.words import mark, seconds, tone

__all__ = ["bar", "draw"]

SOFT = "bright_black"
GAP = 2
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WITHOUT_BAR = 70
"""What the columns of the processes' table take beside the bar."""
_BESIDE_CHANGE = 46
"""The same for what was changed, in the table of changes."""


def draw(scene: Scene, now: float, width: int = 80) -> RenderableType:
    """The screen below the introduction, `width` characters wide."""
    parts = (
        _flags(scene, width),
        _processes(scene, now, width),
        _changes(scene, width),
        _foot(scene, now),
    )
    return Group(*(line for part in parts for line in (part, Text())))


def bar(share: float, width: int) -> str:
    """A share as a bar, in eighths of a character; what is not nothing is seen.

    >>> bar(0.5, 4)
    '██  '
    """
    eighths = round(share * width * 8)
    eighths = max(eighths, 1) if share > 0 else 0
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def _flags(scene: Scene, width: int) -> RenderableType:
    """Each flag above its state, as many as there is room for."""
    grid = Table.grid(padding=(0, GAP, 0, 0))
    shown = list(_fitting(scene.flags, width))
    states = [_state(row) for row in shown]
    grid.add_row(*(Text(row["key"], style="bold") for row in shown))
    grid.add_row(
        *(
            Text(state, style=tone(row["effective"]))
            for row, state in zip(shown, states, strict=True)
        )
    )
    return grid


def _fitting(flags: list[dict[str, Any]], width: int) -> Iterator[dict[str, Any]]:
    for row in flags:
        width -= max(len(row["key"]), len(_state(row))) + GAP
        if width < -GAP:
            return
        yield row


def _state(row: dict[str, Any]) -> str:
    return f"{mark(row['effective'])} {row['effective']}"


def _processes(scene: Scene, now: float, width: int) -> RenderableType:
    table = _table(
        "process", "build", "req/s", "one-page checkout", "suggests", "version", "had it in"
    )
    newest = scene.changes[0] if scene.changes else None
    room = max(8, min(40, width - _WITHOUT_BAR))
    for process in scene.processes:
        current = process.version >= scene.version
        table.add_row(
            Text(process.name, style="red" if process.ended else "bold"),
            Text(process.build, style=SOFT),
            "ended" if process.ended else f"{process.rate(now):.0f}",
            _share(process.share("checkout", "one-page"), room),
            _suggests(process.share("suggestions", "0")),
            Text(str(process.version), style="green" if current else "yellow"),
            _arrival(process, newest),
        )
    return table


def _share(share: float | None, room: int) -> Text:
    said = "–" if share is None else f"{share * 100:.1f} %"
    return Text.assemble((bar(share or 0.0, room), "yellow on grey19"), f"{said:>8}")


def _suggests(without: float | None) -> Text:
    if without is None:
        return Text("–", style=SOFT)
    return Text("yes", style="green") if without < 1 else Text("no", style="red")


def _arrival(process: Process, change: ChangeSeen | None) -> Text:
    if change is None or process.started_with(change.version):
        return Text("–", style=SOFT)
    since = process.has_since(change.version)
    if since is None:
        return Text("…", style="yellow")
    return Text(seconds(max(0.0, since - change.at)), style="green")


def _changes(scene: Scene, width: int) -> RenderableType:
    table = _table("at", "version", "change", "by", "all had it in")
    for change in scene.changes:
        clock = datetime.fromtimestamp(change.at).astimezone().strftime("%H:%M:%S")
        what = Text(change.what, style="red" if change.kind == "kill" else "")
        if change.reason:
            what.append(f"  “{change.reason}”", style=f"italic {SOFT}")
        what.truncate(max(20, width - _BESIDE_CHANGE), overflow="ellipsis")
        row = (
            Text(clock, style=SOFT),
            str(change.version),
            what,
            change.actor,
            _receipt(scene, change),
        )
        table.add_row(*row)
    return table


def _receipt(scene: Scene, change: ChangeSeen) -> Text:
    processes, applied, took = scene.receipt(change)
    if applied < processes:
        return Text(f"{applied} of {processes} so far", style="yellow")
    return Text("at the start", style=SOFT) if took is None else Text(seconds(took), style="green")


def _foot(scene: Scene, now: float) -> RenderableType:
    """How it goes, and what a browser needs: on a small terminal the introduction has gone by."""
    door = Text.assemble(("page ", SOFT), scene.page, ("  token ", SOFT), scene.token, no_wrap=True)
    return Group(_health(scene, now), door)


def _health(scene: Scene, now: float) -> Text:
    rate = sum(process.rate(now) for process in scene.processes)
    failed = sum(process.failures for process in scene.processes)
    if scene.server:
        return Text(scene.server, style="bold yellow")
    foot = Text(f"server: pid {scene.server_pid} · {rate:.0f} requests/s", style=SOFT)
    foot.append(f" · {failed} failed", style="red" if failed else SOFT)
    return foot.append(" · Ctrl-C ends everything", style=SOFT)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style=SOFT)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table
