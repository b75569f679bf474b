"""The real command against a real server process, as somebody in a shell has them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.redis_servers import free_port

__all__ = ["ADMIN", "Answer", "Shell", "serving"]

ADMIN = "an-administrator-of-the-tests-0123456789"
VARIABLES = {"FLAGHOIST_ADMIN_TOKEN": ADMIN, "FLAGHOIST_NOTICE_SECONDS": "0"}
"""A server's own; no balancer has to be told that it leaves."""
COMMAND = [sys.executable, "-m", "flaghoist_server.cli.main"]


class Answer(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A folder, the variables that name the server, and commands that are typed there."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if "FLAGHOIST" not in name}
        self.variables = kept | variables

    def run(self, *arguments: str, **variables: str) -> Answer:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def does(self, *arguments: str, **variables: str) -> Any:
        """The JSON answer of a command that must succeed."""
        answer = self.run(*arguments, "--json", **variables)
        assert answer.code == 0, answer
        return answer.json

    def exported(self) -> bytes:
        """What the server has, asked for without a command: that is quicker."""
        request = urllib.request.Request(
            f"{self.variables['FLAGHOIST_URL']}/api/v1/export",
            headers={"Authorization": f"Bearer {ADMIN}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name


class serving:  # noqa: N801  # reads as what it does: `with serving(shell) as url`
    """`flaghoist serve` in the shell's folder, until the block is left; ends it with SIGTERM."""

    def __init__(self, shell: Shell, *arguments: str) -> None:
        self.shell = shell
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = arguments
        self.exit_code: int | None = None

    def __enter__(self) -> Self:
        with (self.shell.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--port", str(self.port), *self._arguments],
                cwd=self.shell.folder,
                env=self.shell.variables | VARIABLES,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 20
        while not self._ready():
            assert time.monotonic() < deadline, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.05)
        self.shell.variables |= {"FLAGHOIST_URL": self.url, "FLAGHOIST_TOKEN": ADMIN}
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.exit_code = self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> str:
        return (self.shell.folder / "serve.log").read_text()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
