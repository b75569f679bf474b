"""The two ways to watch the demo: a live screen on a terminal, lines of a log anywhere else."""

from __future__ import annotations

import time
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from flaghoist_server.demo.introduction import Introduction
from flaghoist_server.demo.scene import ChangeSeen, Process, Scene
from flaghoist_server.demo.screen import SOFT, draw
from flaghoist_server.terminal.tables import console
from flaghoist_server.terminal.words import seconds

__all__ = ["LinesShow", "ScreenShow", "Show"]

SUMMARY_SECONDS = 5.0
LATE_SECONDS = 2.0
"""A change is logged when all have applied it, or after this time with those that have."""


class Show(Protocol):
    """What the demo tells as it goes; a context manager, so that the terminal is left in order."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def step(self, what: str) -> None:
        """What is being prepared now."""

    def introduce(self, introduction: Introduction) -> None:
        """Everything runs: say what there is to see and to try."""

    def update(self, scene: Scene) -> None:
        """Called a few times a second."""


class ScreenShow:
    """A live screen below the introduction, which stays where it can be scrolled to and copied."""

    def __init__(self) -> None:
        self._console: Console = console()
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._status = self._console.status("")

    def __enter__(self) -> Self:
        self._console.print(Text("\n⚑ Flaghoist demo\n", style="bold"))
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()
        self._live.stop()

    def step(self, what: str) -> None:
        self._status.update(f"{what} …")

    def introduce(self, introduction: Introduction) -> None:
        self._status.stop()
        for name, place, purpose in introduction.places():
            self._print(f"  {name:<7}", SOFT, place, "bold", f"   {purpose}", SOFT)
        self._print("\n  Try this in another terminal:\n", "")
        for line in introduction.variables():
            self._print(f"  {line}", "cyan")
        for why, command in introduction.steps():
            self._print(f"  # {why}", SOFT)
            self._print(f"  {command}", "cyan")
        self._print("", "")
        self._live.start()

    def update(self, scene: Scene) -> None:
        self._live.update(draw(scene, time.time(), self._console.width), refresh=True)

    def _print(self, *texts_and_styles: str) -> None:
        """A line that the terminal may wrap, so that it is copied as one."""
        pairs = zip(texts_and_styles[::2], texts_and_styles[1::2], strict=True)
        self._console.print(Text.assemble(*pairs), soft_wrap=True)


class LinesShow:
    """A log: each change with its receipt, and every few seconds what the processes serve."""

    def __init__(self) -> None:
        self._told = 0
        self._summary_at = 0.0
        self._server = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line("ended" if kind is None else "ending")

    def step(self, what: str) -> None:
        self._line(what)

    def introduce(self, introduction: Introduction) -> None:
        for name, place, purpose in introduction.places():
            self._line(f"{name}: {place} ({purpose})")
        click.echo("\nTry this in another terminal:\n")
        click.echo("\n".join(introduction.variables()))
        for why, command in introduction.steps():
            click.echo(f"# {why}\n{command}")
        click.echo()

    def update(self, scene: Scene) -> None:
        now = time.time()
        for change in reversed(scene.changes):
            if change.version > self._told and _is_told(scene, change, now):
                self._told = change.version
                self._line(_change(scene, change))
        if scene.server != self._server:
            self._server = scene.server
            self._line(scene.server or "the server is back")
        if now - self._summary_at >= SUMMARY_SECONDS:
            self._summary_at = now
            self._line(_summary(scene, now))

    def _line(self, text: str) -> None:
        click.echo(f"{datetime.now().astimezone():%H:%M:%S} {text}")


def _is_told(scene: Scene, change: ChangeSeen, now: float) -> bool:
    receipt = scene.receipt(change)
    return receipt.applied == receipt.processes or now - change.at > LATE_SECONDS


def _change(scene: Scene, change: ChangeSeen) -> str:
    why = f" “{change.reason}”" if change.reason else ""
    what = f"version {change.version}: {change.what}, by {change.actor}{why}"
    return f"{what}; {_receipt(scene, change)}"


def _receipt(scene: Scene, change: ChangeSeen) -> str:
    processes, applied, took = scene.receipt(change)
    if took is None:
        return "before the processes started" if applied else "no process has it yet"
    return f"{applied} of {processes} processes had it in {seconds(took)}"


def _summary(scene: Scene, now: float) -> str:
    """What the processes serve, in one line."""
    rate = sum(process.rate(now) for process in scene.processes)
    failed = sum(process.failures for process in scene.processes)
    shares = ", ".join(map(_share, scene.processes))
    return f"one-page checkout: {shares}; {rate:.0f} requests/s, {failed} failed"


def _share(process: Process) -> str:
    if process.ended:
        return f"{process.name} has ended"
    share = process.share("checkout", "one-page")
    return f"{process.name} {'–' if share is None else f'{share * 100:.1f} %'}"
