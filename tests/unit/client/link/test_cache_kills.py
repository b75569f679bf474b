"""Killed at every line of writing the cache: the next start always finds a good generation.

`FLAGHOIST_CACHE_KILLS=1000` makes it long; the short run kills at each line once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

KILLS = int(os.environ.get("FLAGHOIST_CACHE_KILLS", "0"))

# Forked from a program without threads, so that a child is killed where it is meant to be.
PROGRAM = """
import os, signal, sys
from flaghoist.link import cache as module
from flaghoist.link.cache import DiskCache
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Full

folder, least = sys.argv[1], int(sys.argv[2])

def write(version, now):
    full = encode(Full("production", "e1", version, hash="0", segments={}))
    return DiskCache(folder, "t").write(full, ("production", "e1", version), now)

def versions():
    return [full.version for full in DiskCache(folder, "t").generations()]

class Killer:
    def __init__(self, line):
        self.left = line
    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self

def half_a_write():
    real = os.fdopen
    def fdopen(descriptor, mode):
        file = real(descriptor, mode)
        class Half:
            def __enter__(self): return self
            def __exit__(self, *_): pass
            def write(self, data):
                os.write(descriptor, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
        return Half()
    os.fdopen = fdopen

assert write(1, 0.0) == "ok"
version, kills, lost, line, wrong = 1, 0, 0, 0, 0
while True:
    before = versions()
    version += 1
    child = os.fork()
    if child == 0:
        if line == -1:
            half_a_write()
        else:
            sys.settrace(Killer(line))
        write(version, version * 100.0)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    found = versions()
    lost += not found
    wrong += bool(found) and found[0] not in (before[0], version)
    if status == 0:                      # the line was beyond the last one
        if kills >= least:
            break
        line = -1
    else:
        kills += 1
        line += 1
print(kills, lost, wrong)
"""


def test_no_kill_loses_the_last_known_good(tmp_path: Path) -> None:
    """Neither all generations, nor the newest that was whole before."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=60 + KILLS,
    )

    assert "" == ended.stderr
    kills, lost, wrong = map(int, ended.stdout.split())
    assert kills >= max(KILLS, 30)
    assert (0, 0) == (lost, wrong)
