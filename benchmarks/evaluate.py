"""What a lookup costs: ours, compiled and pure, beside a bare call, a hash alone, and the peers.

    python benchmarks/evaluate.py [--install] [--rounds 100] [--only TITLE …] [--json FILE]

Each SDK runs in a process of its own with three flags loaded, and is first asked for the answers
of 5,000 users: one that is wrong is not timed, and is named. Then all of them are timed in turn,
some milliseconds each, round after round, so that whatever else the machine does hits all alike;
what counts is the least of all rounds. A call is the SDK's public one, as its documentation
writes it, for a user in its own form, made before. `peers/scenario.py` has flags and users.

Beside each call a bare Python call of two arguments is timed in the same process: that is the
unit. Then four threads share each client. At last what many flags cost ours, in time and memory.

`--install` puts the peers into build/bench-venv, at the versions of peers.txt. What cannot be
installed, loaded or trusted stands below the table with its reason.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.peers.contenders import (
    COMPILED,
    CONTENDERS,
    PURE,
    REFERENCES,
    ROOT,
    VENV,
    Child,
    Contender,
    Measured,
    environment_of,
)
from benchmarks.peers.install import install_peers, make_ours, python_of_peers

CASES = {"on": "flag on", "ten": "10 %", "rules": "three rules"}
SECONDS = 0.003
"""Of one call in one round: short, so that some rounds run undisturbed."""
THREADS = 4
THREAD_SECONDS = 0.08
THREAD_ROUNDS = 15
IMPORT_ROUNDS = 15

TARGETS = {
    COMPILED: {"on": 2.0, "ten": 6.0, "rules": 10.0},
    PURE: {"on": 4.5, "ten": 11.0, "rules": 24.0},
}
"""In bare calls, at most."""
FASTER = {"on": 12.0, "ten": 4.0, "rules": 3.0}
"""Than the fastest peer, at least; compiled."""
SHARE = 0.9
IMPORT_MS = 30.0
SIZES: dict[str, tuple[str, str, float]] = {
    "first_ms": ("first snapshot of 10,000 flags", "{:.0f} ms", 250.0),
    "change_ms": ("one change among 10,000 flags", "{:.2f} ms", 1.0),
    "frame_bytes": ("its frame", "{:,.0f} B", 2048.0),
    "memory_mb": ("memory that 1,000 flags add", "{:.1f} MB", 8.0),
    "many": ("10,000 flags against 10, at worst", "{:.2f} ×", 1.1),
}

Row = tuple[str, str, str, bool]
"""What was to be reached: its name, the target, what was measured, and whether it holds."""


def measure(contenders: list[Contender], failed: dict[str, str], rounds: int) -> list[Measured]:
    """All of them, in turn, round after round."""
    python = python_of_peers()
    children, measured = [], []
    for contender in contenders:
        child = Child(contender, python)
        note(f"loading {contender.title}")
        if child.load():
            children.append(child)
            child.measured.import_ms = import_ms(contender, python)
        child.measured.problem = failed.get(contender.title, child.measured.problem)
        measured.append(child.measured)
    take_turns(children, rounds, one_thread)
    take_turns(children, THREAD_ROUNDS, four_threads)
    for child in children:
        child.stop()
    return measured


def take_turns(children: list[Child], rounds: int, time: Callable[[Child, str], None]) -> None:
    """So many rounds of every case of everyone, in an order that chance decides."""
    turns = [(child, case) for child in children for case in child.cases]
    for number in range(rounds):
        note(f"{time.__name__.replace('_', ' ')}: round {number + 1} of {rounds}")
        random.shuffle(turns)
        for child, case in turns:
            time(child, case)


def one_thread(child: Child, case: str) -> None:
    """One round of one case."""
    told = child.time(case, SECONDS)
    child.measured.calls.setdefault(case, []).append(told["call"])
    child.measured.bare.append(told["bare"])


def four_threads(child: Child, case: str) -> None:
    """The same, shared by threads, against what one thread does."""
    told = child.time(case, THREAD_SECONDS, THREADS)
    child.measured.threads.setdefault(case, []).append((told["bare"], told["call"]))


def import_ms(contender: Contender, python: Path) -> float:
    """What `import` takes in a fresh interpreter, the least of some."""
    clock = "from time import perf_counter as now; began = now()"
    program = f"{clock}; import {contender.imports}; print(now() - began)"
    command = [str(python), "-c", program]
    environment = environment_of(contender)
    times = [
        float(subprocess.check_output(command, cwd=ROOT, env=environment))
        for _ in range(IMPORT_ROUNDS)
    ]
    return min(times) * 1000


def sizes(title: str) -> dict[str, float]:
    """What many flags cost ours; see `peers/sizes.py`."""
    note(f"many flags: {title}")
    contender = next(one for one in CONTENDERS if one.title == title)
    command = [str(python_of_peers()), "-m", "benchmarks.peers.sizes"]
    told = json.loads(subprocess.check_output(command, cwd=ROOT, env=environment_of(contender)))
    told["many"] = max(told["many"].values())
    return dict(told)


def print_table(measured: list[Measured]) -> None:
    """Everyone, the references first and then the quickest first."""
    good = [one for one in measured if not one.problem]
    references = [one for one in good if one.title in REFERENCES]
    peers = sorted((one for one in good if one not in references), key=lambda one: one.ns("on"))
    unit = min((min(one.bare) for one in good), default=0.0)
    print(f"{'one thread':34}{'':10}", *(f"{name:>18}" for name in CASES.values()), "   import")
    print(f"{'a bare call':44}", f"{unit:>7.0f} ns")
    for one in (*references, *peers):
        print(f"{one.title:34}{one.version:10}", *(cell(one, case) for case in CASES), end="")
        print(f"{one.import_ms:>6.0f} ms")
        extras = {case.split(", ", 1)[1] for case in one.calls if ", " in case}
        for extra in sorted(extras):
            print(f"{'  ' + extra:44}", *(cell(one, f"{case}, {extra}") for case in CASES))
    print(f"\n{'four threads, of what one does':44}", *(f"{name:>18}" for name in CASES.values()))
    for one in (*references, *peers):
        shown = (f"{one.share(case):>18.2f}" if case in one.threads else " " * 18 for case in CASES)
        print(f"{one.title:44}", *shown)
    for one in measured:
        if one.problem:
            hint = "" if VENV.exists() else " (--install installs the peers)"
            print(f"\nnot measured: {one.title}: {one.problem}{hint}")


def cell(one: Measured, case: str) -> str:
    """Nanoseconds, and bare calls."""
    if case not in one.calls:
        return " " * 18
    return f"{one.ns(case):>7.0f} ns {one.bare_calls(case):>5.1f} ×"


def goals(measured: list[Measured], many: dict[str, dict[str, float]]) -> list[Row]:
    """Everything that was to be reached."""
    by_title = {one.title: one for one in measured if not one.problem}
    peers = [one for title, one in by_title.items() if title not in REFERENCES]
    rows: list[Row] = []
    for title, limits in TARGETS.items():
        if title in by_title:
            rows += own_goals(by_title[title], limits)
    if COMPILED in by_title and peers:
        rows += [against_peers(by_title[COMPILED], peers, case) for case in CASES]
    for title, told in many.items():
        for name, (text, form, limit) in SIZES.items():
            held = told[name] <= limit
            row = (f"{title}: {text}", "≤ " + form.format(limit), form.format(told[name]), held)
            rows.append(row)
    return rows


def own_goals(one: Measured, limits: dict[str, float]) -> list[Row]:
    """What does not depend on peers."""
    rows = []
    for case, limit in limits.items():
        got = one.bare_calls(case)
        name = f"{one.title}: {CASES[case]}"
        rows.append((name, f"≤ {limit:g} bare calls", f"{got:.1f}", got <= limit))
    share = min(one.share(case) for case in CASES)
    rows.append((f"{one.title}: four threads", f"≥ {SHARE} of one", f"{share:.2f}", share >= SHARE))
    import_held = one.import_ms <= IMPORT_MS
    took = f"{one.import_ms:.0f} ms"
    rows.append((f"{one.title}: import", f"≤ {IMPORT_MS:.0f} ms", took, import_held))
    return rows


def against_peers(ours: Measured, peers: list[Measured], case: str) -> Row:
    """Ours against the fastest of them."""
    fastest = min(peers, key=lambda peer: peer.ns(case))
    times = fastest.ns(case) / ours.ns(case)
    name = f"{CASES[case]}: faster than {fastest.title}"
    return (name, f"≥ {FASTER[case]:g} ×", f"{times:.1f} ×", times >= FASTER[case])


def note(text: str) -> None:
    """What is going on, for whoever watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print, and tell by the exit code whether everything was reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true", help="install the peers first")
    parser.add_argument("--rounds", type=int, default=100)
    titles = [one.title for one in CONTENDERS]
    parser.add_argument("--only", nargs="+", default=titles, choices=titles, metavar="TITLE")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chosen = [one for one in CONTENDERS if one.title in options.only]
    failed = install_peers(options.only) if options.install else {}
    note("building ours")
    make_ours()
    measured = measure(chosen, failed, options.rounds)
    ours = [one.title for one in chosen if one.title in TARGETS]
    many = {title: sizes(title) for title in ours}
    note("")
    print_table(measured)
    rows = goals(measured, many)
    print()
    for name, target, got, held in rows:
        print(f"{name:56}{target:>18}{got:>12}   {'held' if held else 'MISSED'}")
    if options.json:
        result: dict[str, Any] = {one.title: one.summary() for one in measured}
        result["goals"] = [
            dict(zip(("name", "target", "got", "held"), r, strict=True)) for r in rows
        ]
        options.json.write_text(json.dumps(result | {"sizes": many}, indent=2) + "\n")
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
