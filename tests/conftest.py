"""Shared by all tests: which package they run over, and that their children run over the same."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# A busy machine is no failure: no example has a time limit.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
SOURCES = (ROOT / "client" / "src", ROOT / "server" / "src")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--compiled", action="store_true", help="require the installed package, compiled by mypyc"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Children (servers, SDK processes) import what this process imports, and mirror nothing."""
    os.environ["FLAGHOIST_MIRROR"] = "off"
    if not config.getoption("--compiled"):
        os.environ["PYTHONPATH"] = os.pathsep.join(str(path) for path in SOURCES)


def pytest_report_header(config: pytest.Config) -> str:
    import flaghoist

    return f"flaghoist: {Path(flaghoist.__file__).parent}"
