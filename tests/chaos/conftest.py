"""What fault tests share: their seed, their length, and the lines in which they tell what was lost.

`FLAGHOIST_CHAOS=long` makes them long; `FLAGHOIST_SEED=n` repeats a run's choices.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest
from tests.chaos.sdks import Seen
from tests.chaos.traffic import Ledger, Losses

LONG = os.environ.get("FLAGHOIST_CHAOS") == "long"

AFTER_THE_LAST_WRITE_S = 10.0
"""By then every server and every connected SDK has it. Two seconds are promised, and what it took
is printed; the rest is for a machine that is busy with others: a timing alone decides no test."""


@pytest.fixture
def seed() -> int:
    """The seed of this run."""
    return int(os.environ.get("FLAGHOIST_SEED", "20261125"))


@pytest.fixture
def length() -> Callable[[float, float], float]:
    """`length(short, long)`: which one this run is."""
    return lambda short, long: long if LONG else short


class Tell(Protocol):
    """Note what came of a test: its losses, its ledger and its SDKs, and figures of its own."""

    def __call__(
        self,
        found: Losses | None = None,
        ledger: Ledger | None = None,
        seen: Sequence[Seen] = (),
        **figures: Any,
    ) -> None: ...


_TOLD: list[str] = []


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """For the report, which is printed whether or not the test passes."""

    def note(
        found: Losses | None = None,
        ledger: Ledger | None = None,
        seen: Sequence[Seen] = (),
        **figures: Any,
    ) -> None:
        _TOLD.append(request.node.name)
        _TOLD.append("    " + _listed(figures))
        if ledger is not None:
            _TOLD.append("    " + _listed(_of_writes(ledger)))
        if found is not None:
            _TOLD.append("    " + _listed(_of_log(found)))
        if seen:
            _TOLD.append("    " + _listed(_of_sdks(seen)))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was done, and what was lost."""
    if _TOLD:
        terminalreporter.section("what was lost")
        for line in _TOLD:
            terminalreporter.write_line(line)


def _of_writes(ledger: Ledger) -> dict[str, Any]:
    return {
        "acknowledged": len(ledger.acknowledged),
        "of_them_durable": len(ledger.durable),
        "never_answered": len(ledger.unknown),
        "longest_outage_s": ledger.longest_outage_s(),
        "refusals": sum(ledger.refused.values()),
    }


def _of_log(found: Losses) -> dict[str, Any]:
    return {
        "log_entries": found.entries,
        "durable_lost": len(found.lost),
        "not_durable_lost": len(found.at_risk),
        "twice": len(found.twice),
        "gaps": len(found.gaps),
    }


def _of_sdks(seen: Sequence[Seen]) -> dict[str, Any]:
    return {
        "sdks": len(seen),
        "looks": sum(one.looks for one in seen),
        "older_in_an_epoch": sum(one.older for one in seen),
        "emptied": sum(one.emptied for one in seen),
        "other_epochs": sum(one.epochs for one in seen),
        "divergences": sum(one.divergences for one in seen),
    }


def _listed(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in figures.items())


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
