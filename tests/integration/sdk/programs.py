"""Programs of their own: an application in a fresh interpreter, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import NamedTuple, Self

__all__ = ["Ended", "Program"]


class Ended(NamedTuple):
    """How a program ended."""

    code: int
    seconds: float
    """From the end of its main part, or from the signal, to the end of the process."""
    stdout: list[str]
    stderr: str


class Program:
    """An interpreter that runs `source`. What it prints is read line by line."""

    def __init__(self, source: str, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "default", "-c", source, *arguments],
            env=os.environ | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def say(self, text: str) -> None:
        """Give it a line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self, how: signal.Signals | None = None, within_s: float = 20.0) -> Ended:
        """Wait for its end, after a signal if one is given.

        Without a signal its last line has to be the monotonic time of its end.
        """
        begun = time.monotonic()
        if how is not None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=within_s)
        ended = time.monotonic()
        lines = out.split("\n")[:-1]
        if how is None:
            begun = float(lines.pop())
        return Ended(self.process.returncode, ended - begun, lines, err)
