"""What fault tests share: their seed, their length, and the lines in which they tell what was lost.

`FLAGHOIST_CHAOS=long` makes them long; `FLAGHOIST_SEED=n` repeats a run's choices.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

LONG = os.environ.get("FLAGHOIST_CHAOS") == "long"


@pytest.fixture
def seed() -> int:
    """The seed of this run, told so that it can be repeated."""
    seed = int(os.environ.get("FLAGHOIST_SEED", "20261125"))
    random.seed(seed)
    return seed


@pytest.fixture
def length() -> Callable[[float, float], float]:
    """`length(short, long)`: which one this run is."""
    return lambda short, long: long if LONG else short


_TOLD: list[str] = []


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Note figures for the report, which is printed whether or not the test passes."""

    def note(**figures: object) -> None:
        named = (f"{name.replace('_', ' ')} {_short(value)}" for name, value in figures.items())
        _TOLD.append(f"{request.node.name}: {', '.join(named)}")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was done, and what was lost."""
    if _TOLD:
        terminalreporter.section("what was lost")
        for line in _TOLD:
            terminalreporter.write_line(line)


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
