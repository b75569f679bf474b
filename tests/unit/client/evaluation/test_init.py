"""Which of the two forms of the evaluator is running, and what it stands on."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from flaghoist.evaluation import COMPILED, murmur


def test_compiled_tells_the_truth(pytestconfig: pytest.Config) -> None:
    """It is the form of all the modules, and the one that this run was asked to test."""
    assert (not murmur.__file__.endswith(".py")) == COMPILED
    if pytestconfig.getoption("--compiled"):
        assert COMPILED or shutil.which("cc") is None


PLAIN = """
import sys
sys.modules["mypy_extensions"] = sys.modules["mmh3"] = None  # importing them fails
from flaghoist.evaluation.bucketing import make_bucketer
from flaghoist.lookup import Lookup
print(make_bucketer("new-checkout", None).bucket("user-42"), Lookup().is_enabled("f"))
"""


def test_it_runs_without_what_only_the_compiler_needs() -> None:
    """A plain installation has neither mypy's extensions nor mmh3."""
    found = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True)

    assert (found.stdout, found.stderr) == ("44470 False\n", "")
