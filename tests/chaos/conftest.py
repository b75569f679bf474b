"""What fault tests share: their seed, their length, and the lines in which they tell what was lost.

`FLAGHOIST_CHAOS=long` makes them long; `FLAGHOIST_SEED=n` repeats a run's choices.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

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


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Note a line for the report, which is printed whether or not the test passes."""
    lines: list[str] = []
    yield lambda **figures: lines.append(
        ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in figures.items())
    )
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line("")
        for line in lines:
            reporter.write_line(f"  {request.node.name}: {line}")


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
