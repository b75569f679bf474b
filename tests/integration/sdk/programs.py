"""Programs of their own: an application in a fresh interpreter, and how it ends."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple, Self

__all__ = ["Ended", "Program"]

LINE_WITHIN_S = 60.0


class Ended(NamedTuple):
    """How a program ended."""

    code: int
    seconds: float
    """From the end of its main part, or from the signal, to the end of the process."""
    stderr: str


class Program:
    """An interpreter that runs `source`. What it prints is read line by line."""

    def __init__(self, source: str, *arguments: str, **variables: str) -> None:
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the program
        self.process = subprocess.Popen(
            [sys.executable, "-W", "default", "-c", source, *arguments],
            env=os.environ | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self._reader.join()
        self.process.communicate()
        self._stderr.close()

    def line(self) -> str:
        """The next line that it prints; what it complained of if none comes."""
        try:
            return self._lines.get(timeout=LINE_WITHIN_S)
        except queue.Empty:
            return f"nothing, but on stderr: {self._complaints()}"

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
        code = self.process.wait(within_s)
        ended = time.monotonic()
        if how is None:
            begun = float(self.line())
        return Ended(code, ended - begun, self._complaints())

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("the end")

    def _complaints(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()
