"""One flip to one application on the same machine, from the operator's request to the SDK's answer.

    python benchmarks/flip.py [--flips 500] [--folder DIR] [--json FILE]

Three processes, as in life: `flaghoist serve` on an SQLite file, an application with a real SDK,
and this one, which changes a flag over HTTP. Nothing is left out: request, token, decision, commit
with fsync, push, decode, compile, swap. Every second flip asks for its receipt.

    SDK has it      until `on_change` runs in the application: from then on every evaluation,
                    in any of its threads, gives the new value
    answer          until the operator has the answer: the change is durable
    with receipt    the same with `?wait=`: and the server knows that the SDK has applied it

Beside them what the machine takes for less: the same HTTP client asking whether the server is
alive, and a bare SQLite commit of the same durability in the same folder. Times are of the clock
that all processes of a machine share.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

ADMIN = "an-admin-token-for-a-benchmark"
TARGETS_MS = {"p50": 5.0, "p99": 20.0}
WARM_UP = 50


def application() -> None:
    """The other process: tells on its standard output when it has which version."""
    from flaghoist import flags

    def changed(_: frozenset[str]) -> None:
        now = time.monotonic()
        print(flags.snapshot.version, now, int(flags.is_enabled("checkout", "user-1")), flush=True)

    flags.configure()
    assert flags.wait_until_ready(10)
    flags.on_change(changed)
    print("ready", flush=True)
    sys.stdin.read()


@contextmanager
def process(*command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, *command], env=os.environ | variables, text=True, stdin=-1, stdout=-1
    )
    try:
        yield child
    finally:
        child.terminate()
        child.communicate()


class Operator:
    """One connection that is kept, as a console or a deployment script has it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self._headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"}

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        assert answer.status < 300, told
        return told

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with suppress(ConnectionError, AssertionError):
                self.get("/readyz")
                return
            self._connection.close()
            time.sleep(0.02)
        raise TimeoutError("the server is not ready within 15 s")


@contextmanager
def running_server(store: str) -> Iterator[Operator]:
    """A server on this store, and an operator's connection to it."""
    port = free_port()
    with process(
        "-m", "flaghoist_server.cli.main", "serve", "--port", str(port),
        FLAGHOIST_STORE=store, FLAGHOIST_ADMIN_TOKEN=ADMIN,
        FLAGHOIST_DRAIN_SECONDS="0", FLAGHOIST_NOTICE_SECONDS="0",
    ):  # fmt: skip
        operator = Operator(port)
        operator.wait_until_ready()
        yield operator


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def prepare(operator: Operator) -> str:
    """An environment with one flag; a token for its SDKs."""
    behaviour = {"production": {"default": {"on": 100, "off": 0}}}
    file = {"flaghoist": 1, "flags": {"checkout": {"type": "boolean", "environments": behaviour}}}
    operator.post("/api/v1/environments", {"name": "production"})
    operator.post("/api/v1/apply", {"file": file})
    token = operator.post("/api/v1/tokens", {"role": "sdk", "environment": "production"})["token"]
    return str(token)


class Flips:
    """Changes the flag to and fro and notes how long everything took, in milliseconds."""

    def __init__(self, operator: Operator, arrivals: Iterator[str]) -> None:
        self._operator = operator
        self._arrivals = arrivals
        self.took: dict[str, list[float]] = {"has": [], "answer": [], "receipt": []}

    def flip(self, number: int) -> None:
        on, wait = number % 2 == 0, number // 2 % 2 == 0
        body = {"command": "ramp", "key": "checkout", "percent": 100 if on else 0}
        where = "/api/v1/environments/production/changes" + ("?wait=5" if wait else "")
        asked = time.monotonic()
        told = self._operator.post(where, body)
        answered = time.monotonic()
        version, at, value = next(self._arrivals).split()
        assert (told["version"], on) == (int(version), value == "1"), (told, version, value)
        if wait:
            assert told["applied"] == told["connected"] == 1, told
            assert float(at) <= answered, "a receipt came before the SDK had the change"
        self.took["has"].append((float(at) - asked) * 1000)
        self.took["receipt" if wait else "answer"].append((answered - asked) * 1000)

    def forget(self) -> None:
        for times in self.took.values():
            times.clear()


@contextmanager
def bare_commits(folder: str) -> Iterator[Callable[[], object]]:
    """The cheapest durable write there is: one row, WAL, synchronous=FULL."""
    connection = apsw.Connection(f"{folder}/bare.db")
    for statement in (
        "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE t (body)"
    ):  # fmt: skip
        connection.execute(statement).fetchall()
    try:
        yield lambda: connection.execute("INSERT INTO t VALUES (?)", (b"x" * 400,)).fetchall()
    finally:
        connection.close()


def timed(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return (time.monotonic() - began) * 1000


def measure(count: int, folder: str) -> dict[str, list[float]]:
    """Flips and references in turn, so that whatever else the machine does hits all of them."""
    with ExitStack() as stack:
        operator = stack.enter_context(running_server(f"sqlite:///{folder}/flags.db"))
        token = prepare(operator)
        settings = {"FLAGHOIST_URL": operator.url, "FLAGHOIST_TOKEN": token}
        app = stack.enter_context(process(__file__, "--application", **settings))
        assert app.stdout is not None
        assert app.stdout.readline() == "ready\n"
        flips = Flips(operator, app.stdout)
        commit = stack.enter_context(bare_commits(folder))
        alive: list[float] = []
        committed: list[float] = []
        for number in range(1, WARM_UP + count + 1):
            flips.flip(number)
            alive.append(timed(lambda: operator.get("/healthz")))
            committed.append(timed(commit))
            if number == WARM_UP:
                flips.forget()
                alive.clear()
                committed.clear()
            time.sleep(0.005)  # a flip is a single event, not a stream of them
        return flips.took | {"alive": alive, "commit": committed}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


ROWS = {
    "has": "SDK has it",
    "answer": "answer",
    "receipt": "answer with receipt",
    "alive": "(GET /healthz)",
    "commit": "(bare SQLite commit)",
}


def report(took: dict[str, list[float]], folder: str) -> dict[str, Any]:
    print(f"{len(took['has'])} flips, one SDK, SQLite in {folder}; milliseconds\n")
    print(f"{'':24}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    result: dict[str, Any] = {"flips": len(took["has"])}
    for name, text in ROWS.items():
        values = took[name]
        result[name] = figures = {
            "p50": statistics.median(values),
            "p90": percentile(values, 90),
            "p99": percentile(values, 99),
            "max": max(values),
        }
        print(f"{text:24}" + "".join(f"{figure:8.2f}" for figure in figures.values()))
    result["held"] = {name: result["has"][name] <= limit for name, limit in TARGETS_MS.items()}
    print("\nSDK has it: " + ", ".join(
        f"{name} ≤ {limit:g} ms: {result['held'][name]}" for name, limit in TARGETS_MS.items()
    ))  # fmt: skip
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flips", type=int, default=500)
    parser.add_argument("--folder", help="where the databases are made (a disk, not memory)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--application", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.application:
        application()
        return 0
    with tempfile.TemporaryDirectory(prefix="flip-", dir=options.folder) as folder:
        result = report(measure(options.flips, folder), folder)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if all(result["held"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
