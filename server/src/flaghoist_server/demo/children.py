"""The demo's processes: started so that Ctrl-C reaches only the demo, ended in good order in time.

A child tells things on its stdout, one JSON document a line, and ends by itself when its stdin is
closed (`parent`), so that not even `kill -9` of the demo leaves one behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Child", "end_all", "start"]

POLITE_SECONDS = 1.2
"""From SIGTERM to SIGKILL: everything is to be over within two seconds after Ctrl-C."""


class Child:
    """A running process and what it tells."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """What it tells, until it ends; anything else that it prints is passed over."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict):
                    yield told

    async def gone(self) -> int:
        """Wait for its end; its exit code."""
        return await self._process.wait()

    def last_words(self) -> str:
        """The end of what it wrote on stderr, for the one line that says why it ended."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return lines[-1].strip() if lines else ""
        return ""

    def tell_to_end(self, how: signal.Signals) -> None:
        """Send a signal, if there still is somebody to get it."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(how)


async def start(
    name: str, arguments: Sequence[str], variables: Mapping[str, str], directory: Path
) -> Child:
    """Run `python -m …` with its stderr in a file.

    Of Flaghoist's variables it sees those given here and no others: the demo is the same for all.
    """
    log = directory / f"{name}.log"
    others = {key: value for key, value in os.environ.items() if not key.startswith("FLAGHOIST_")}
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**others, **variables},
            start_new_session=True,
        )
    return Child(name, process, log)


async def end_all(children: Sequence[Child]) -> None:
    """End them all at once: politely, and those that take too long at once."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        for child in children:
            child.tell_to_end(how)
        waits = [asyncio.ensure_future(child.gone()) for child in children]
        if not waits:
            return
        _, late = await asyncio.wait(waits, timeout=POLITE_SECONDS)
        if not late:
            return
        for wait in late:
            wait.cancel()
