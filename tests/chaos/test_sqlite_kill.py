"""`kill -9` of a process that writes to a SQLite file: before each statement, and at any moment.

A killed process leaves what it has written to the kernel; a machine that loses its power may not,
for which there is `synchronous=FULL` (held by a test of the store).
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest
from tests.chaos import sqlite_program
from tests.chaos.conftest import Tell
from tests.chaos.model_world import whole_log

from flaghoist_server.change.audit import verify
from flaghoist_server.change.change import Change
from flaghoist_server.change.fold import empty, fold_all
from flaghoist_server.store.sqlite import SqliteStore

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

PROGRAM = Path(sqlite_program.__file__)
ENVIRONMENT = sqlite_program.ENVIRONMENT
WRITES = 3
ENDED = "statements"


async def test_a_kill_before_any_statement_leaves_all_or_nothing_of_a_change(
    length: Callable[[float, float], float], tell: Tell, seed: int, tmp_path: Path
) -> None:
    """From the first pragma of a new file to the last statement of closing it."""
    *_, last = said_by(tmp_path / "whole.db", 0)
    steps = int(last.removeprefix("statements "))
    stride = int(length(5, 1))
    chosen = range(1 + seed % stride, steps + 1, stride)

    def run(step: int) -> list[str]:
        return said_by(tmp_path / f"{step}.db", step)

    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(chosen, pool.map(run, chosen), strict=True))

    killed = {step: [int(v) for v in said[step]] for step in said if ENDED not in str(said[step])}
    entries = [len(await checked(tmp_path / f"{n}.db", killed[n])) for n in killed]
    tell(statements=steps, kills=len(killed), acknowledged=sum(map(len, killed.values())),
         log_entries=sum(entries))  # fmt: skip
    assert len(killed) > 0.8 * len(chosen), "snapshots come when they may: not all steps are there"
    assert {0, WRITES + 1} <= set(entries), "no kill was early, or none was late"


def said_by(path: Path, step: int) -> list[str]:
    """What the program said before it killed itself, or ended."""
    command = [sys.executable, str(PROGRAM), str(path), str(WRITES), str(step)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.stdout.splitlines()


async def test_a_file_is_whole_after_any_number_of_kills(
    length: Callable[[float, float], float], tell: Tell, seed: int, tmp_path: Path
) -> None:
    """One file, one process after the other, each killed somewhere in its writing."""
    chance = random.Random(seed)
    kills = int(length(8, 300))
    path = tmp_path / "flags.db"
    said: list[int] = []

    for _ in range(kills):
        said += killed_while_writing(path, chance.uniform(0.0, 0.1))
        with apsw.Connection(str(path)) as connection:
            assert connection.pragma("integrity_check") == "ok"
    log = await checked(path, said)

    tell(kills=kills, acknowledged=len(said), log_entries=len(log), lost=0)
    assert len(said) > kills
    assert len(log) - len(said) <= kills + 1, "each kill leaves one unanswered at most"


def killed_while_writing(path: Path, after_s: float) -> list[int]:
    """The versions that were acknowledged before the end."""
    command = [sys.executable, str(PROGRAM), str(path), "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(after_s)
        process.kill()
        lines = [first, *process.stdout]
    return [int(line) for line in lines if line.endswith("\n")]


async def checked(path: Path, acknowledged: Iterable[int]) -> list[Change]:
    """The log, once it is seen to be whole, to have what was acknowledged, and to go on."""
    store = SqliteStore(path)
    await store.start()
    log = await whole_log(store, ENVIRONMENT)
    state = await store.load(ENVIRONMENT)
    if state is not None:
        await store.append([sqlite_program.next_change(state)])
    await store.close()

    versions = [change.version for change in log]
    assert list(range(1, len(log) + 1)) == versions
    assert set(acknowledged) <= set(versions)
    assert [] == list(verify(log))
    assert state == (fold_all(empty(ENVIRONMENT), log) if log else None)
    return log
