"""`--wait`: what is shown meanwhile, and the receipt at the end.

The answer itself comes from the server, which knows who was connected when the change was made.
What is shown meanwhile is read from the fleet, from a thread of its own, and only on a terminal.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from flaghoist_server.cli.failure import CommandFailed
from flaghoist_server.terminal.cells import Cell, is_terminal
from flaghoist_server.terminal.words import receipt

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["demand_all", "receipt_line", "waiting"]

QUIET_SECONDS = 0.4
"""Most receipts are there sooner, and a line that only flashes is worse than none."""
LOOK_SECONDS = 0.5


@contextlib.contextmanager
def waiting(api: Api, environment: str, wait: float | None) -> Iterator[None]:
    """Show on a terminal how far the fleet is, until the block has ended."""
    if not wait or not is_terminal(sys.stderr):
        yield
        return
    done = threading.Event()
    shower = threading.Thread(target=_show, args=(api, environment, wait, done), daemon=True)
    shower.start()
    try:
        yield
    finally:
        done.set()
        shower.join()


def receipt_line(answer: dict[str, Any]) -> Sequence[Cell]:
    """The receipt in words: green when all have it."""
    connected, applied = answer["connected"], answer["applied"]
    said = receipt(connected, applied, answer["seconds"])
    return [("✓", "green"), said] if applied >= connected else [("✗", "red"), said]


def demand_all(answers: Sequence[dict[str, Any]], wait: float | None) -> None:
    """Raises: CommandFailed when it was waited for all SDKs and not all have applied it."""
    late = [answer for answer in answers if answer.get("applied", 0) < answer.get("connected", 0)]
    if wait is None or not late:
        return
    behind = sum(answer["connected"] - answer["applied"] for answer in late)
    raise CommandFailed(
        f"the change is made, but {behind} of the SDKs had not applied it within {wait:g} s; "
        f"see who: flaghoist fleet -e {late[0]['environment']}"
    )


def _show(api: Api, environment: str, wait: float, done: threading.Event) -> None:
    before = _standing(api, environment)
    if before is None or done.wait(QUIET_SECONDS):
        return
    target = before[0]
    while not done.wait(LOOK_SECONDS):
        now = _standing(api, environment)
        if now is None:
            break
        version, positions = now
        have = sum(position >= version for position in positions) if version > target else 0
        click.echo(
            f"\r\x1b[Kwaiting up to {wait:g} s: {have} of {len(positions)} SDKs", err=True, nl=False
        )
    click.echo("\r\x1b[K", err=True, nl=False)


def _standing(api: Api, environment: str) -> tuple[int, list[int]] | None:
    from flaghoist_server.cli.api import path

    try:
        fleet = api.get(path("environments", environment, "fleet"))
    except CommandFailed:
        return None
    return fleet["version"], [instance["version"] for instance in fleet["instances"]]
