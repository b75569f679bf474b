"""Who is measured, and each of them in a process of its own that is told what to time.

Rules: nothing but the standard library, since this runs outside of the peers' environment.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "BUILD",
    "COMPILED",
    "CONTENDERS",
    "PURE",
    "REFERENCES",
    "ROOT",
    "VENV",
    "Child",
    "Contender",
    "Measured",
    "environment_of",
]

ROOT = Path(__file__).parent.parent.parent
VENV = ROOT / "build" / "bench-venv"
BUILD = ROOT / "build" / "bench"
"""Logs, and ours as two wheels unpacked."""

COMPILED, PURE = "Flaghoist, compiled", "Flaghoist, pure"
OPENFEATURE = "openfeature-sdk"
FLAGD = "openfeature-provider-flagd"


@dataclass(frozen=True)
class Contender:
    """What is measured: its module here, its package on PyPI, and what is imported of it."""

    title: str
    module: str
    package: str
    imports: str


CONTENDERS = (
    Contender(COMPILED, "flaghoist", "flaghoist", "flaghoist"),
    Contender(PURE, "flaghoist", "flaghoist", "flaghoist"),
    Contender("mmh3 alone", "mmh3", "mmh3", "mmh3"),
    Contender("Eppo", "eppo", "eppo-server-sdk", "eppo_client"),
    Contender("Statsig core", "statsig", "statsig_python_core", "statsig_python_core"),
    Contender("GrowthBook", "growthbook", "growthbook", "growthbook"),
    Contender("ConfigCat", "configcat", "configcat-client", "configcatclient"),
    Contender("LaunchDarkly", "launchdarkly", "launchdarkly-server-sdk", "ldclient"),
    Contender("Unleash", "unleash", "UnleashClient", "UnleashClient"),
    Contender("Flagsmith", "flagsmith", "flagsmith", "flagsmith"),
    Contender("Optimizely", "optimizely", "optimizely-sdk", "optimizely.optimizely"),
    Contender("PostHog local", "posthog", "posthog", "posthog"),
    Contender("OpenFeature in-memory", "openfeature_memory", OPENFEATURE, "openfeature.api"),
    Contender("flagd in-process", "flagd", FLAGD, "openfeature.contrib.provider.flagd"),
)
REFERENCES = (COMPILED, PURE, "mmh3 alone")
"""What is no peer."""


@dataclass
class Measured:
    """What one contender took, in nanoseconds a call, by case; or why it was not measured."""

    title: str
    version: str = ""
    problem: str = ""
    calls: dict[str, list[float]] = field(default_factory=dict)
    bare: list[float] = field(default_factory=list)
    threads: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """By one thread and, one right after the other, by four that share the client."""
    import_ms: float = 0.0

    def ns(self, case: str) -> float:
        """The least of all rounds."""
        return min(self.calls[case])

    def bare_calls(self, case: str) -> float:
        """The same in bare calls of the same process."""
        return self.ns(case) / min(self.bare)

    def share(self, case: str) -> float:
        """What four threads do of what one does, at the best of either."""
        alone, shared = zip(*self.threads[case], strict=True)
        return float(min(alone) / min(shared))

    def summary(self) -> dict[str, Any]:
        """For the JSON file."""
        if self.problem:
            return {"version": self.version, "problem": self.problem}
        cases = {
            case: {
                "ns": self.ns(case),
                "median_ns": statistics.median(times),
                "bare_calls": self.bare_calls(case),
                "four_threads": self.share(case),
            }
            for case, times in self.calls.items()
        }
        return {
            "version": self.version,
            "bare_ns": min(self.bare),
            "import_ms": self.import_ms,
            "cases": cases,
        }


class Child:
    """A contender in its process."""

    def __init__(self, contender: Contender, python: Path) -> None:
        self.contender = contender
        self.measured = Measured(contender.title)
        self.cases: list[str] = []
        BUILD.mkdir(parents=True, exist_ok=True)
        self._log = BUILD / f"{contender.module}.log"
        command = [str(python), "-m", "benchmarks.peers", contender.module, contender.package]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment_of(contender),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def load(self) -> bool:
        """Whether it is loaded, and answers right."""
        told = self._read()
        self.measured.problem = told.get("problem", "")
        self.measured.version = told.get("version", "")
        self.cases = [*told.get("cases", []), *told.get("extra", [])]
        return not self.measured.problem

    def time(self, case: str, seconds: float, threads: int = 1) -> dict[str, float]:
        """One round of one case: nanoseconds of a `call`, and of what it is compared with."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([case, seconds, threads]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def stop(self) -> None:
        """End it; one that does not end by itself is killed."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text().splitlines() or ["nothing on stderr"]
            return {"problem": f"the process has ended: {said[-1]}"}
        answer: dict[str, Any] = json.loads(line)
        return answer


def environment_of(contender: Contender) -> dict[str, str]:
    """The variables of a process: which of our wheels it finds, and no setting of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLAGHOIST_")}
    paths = [str(ROOT)]
    if contender.title in (COMPILED, PURE):
        paths.insert(0, str(BUILD / ("compiled" if contender.title == COMPILED else "pure")))
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}
