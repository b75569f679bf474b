"""One SDK in a process of its own, timed when it is told to.

    python -m benchmarks.peers NAME PACKAGE

It says in one line of JSON how it was loaded, or why it could not be. Then it answers each line
that it reads, `CASE SECONDS THREADS`, with nanoseconds a call: of a bare Python call and of the
case, one right after the other, so that whatever slows the machine down slows both. With threads,
that many share the one client, and a call is the wall time divided by the calls of all.

Garbage collection is off while something is timed, as `timeit` has it.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from itertools import repeat
from typing import Any

from benchmarks.peers.scenario import Sdk, check

Loop = Callable[[int], float]
"""Calls so many times, and tells how many seconds that took."""

BARE = "bare('on', 'user-42')"
TEMPLATE = """
def loop(count):
    steps = repeat(None, count)
    began = clock()
    for _ in steps:
        {call}
    return clock() - began
"""


def bare(key: object, context: object) -> bool:  # noqa: ARG001 - to take them is what is measured
    """A Python function of the same two arguments that only returns."""
    return True


def loop_of(call: str, names: dict[str, Any]) -> Loop:
    """A loop around this call, in which its names are globals, as in an application's module."""
    scope = {**names, "repeat": repeat, "clock": time.perf_counter}
    exec(TEMPLATE.format(call=call), scope)
    made: Loop = scope["loop"]
    return made


class Stopwatch:
    """Times one call for about as long as it is told to."""

    def __init__(self, call: str, names: dict[str, Any]) -> None:
        self._loop = loop_of(call, names)
        self._loop(1)
        count = 1
        while self._loop(count) < 0.002:
            count *= 2
        self._seconds_each = min(self._loop(count) for _ in range(5)) / count

    def alone(self, seconds: float) -> float:
        """Nanoseconds a call."""
        count = max(1, int(seconds / self._seconds_each))
        return self._loop(count) / count * 1e9

    def shared(self, seconds: float, threads: int) -> float:
        """Nanoseconds of wall time a call, with the calls of all threads counted."""
        count = max(1, int(seconds / self._seconds_each / threads))
        started = threading.Barrier(threads + 1)

        def work() -> None:
            started.wait()
            self._loop(count)

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        started.wait()
        began = time.perf_counter()
        for worker in workers:
            worker.join()
        return (time.perf_counter() - began) / (count * threads) * 1e9


def serve(sdk: Sdk) -> None:
    """Answer requests until there are no more."""
    calls = {**sdk.calls, **sdk.extra}
    watches = {case: Stopwatch(call, sdk.names) for case, call in calls.items()}
    reference = Stopwatch(BARE, {"bare": bare})
    for line in sys.stdin:
        case, seconds, threads = json.loads(line)
        watch = watches[case]
        gc.disable()
        if threads == 1:
            say(bare=reference.alone(seconds), call=watch.alone(seconds))
        else:
            say(bare=watch.alone(seconds), call=watch.shared(seconds, threads))
        gc.enable()


def say(**what: object) -> None:
    """One line to whoever started this."""
    print(json.dumps(what), file=answers, flush=True)


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # SDKs print what they like
    try:
        sdk = import_module(f"benchmarks.peers.{sys.argv[1]}").load()
        wrong = check(sdk)
    except Exception as error:
        say(problem=f"{type(error).__name__}: {error}")
        sys.exit(1)
    if wrong:
        say(problem=f"wrong answers: {wrong}")
        sys.exit(1)
    say(cases=list(sdk.calls), extra=list(sdk.extra), note=sdk.note, version=version(sys.argv[2]))
    serve(sdk)
    sdk.close()
