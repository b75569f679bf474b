"""A real HAProxy in front of servers, which asks `/readyz` as an operator would have it ask."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.redis_servers import free_port

__all__ = ["Balancer"]

CONFIGURATION = Path(__file__).parents[3] / "deploy" / "haproxy.cfg"
"""The one that is handed out, with ports of this machine in it."""


class Balancer:
    """`url` leads to whichever server is ready."""

    def __init__(self, ports: Sequence[int], folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        text, binds = re.subn(r"bind :80\b", f"bind 127.0.0.1:{port}", CONFIGURATION.read_text())
        text, servers = re.subn(r"10\.0\.0\.([12]):8700", lambda m: _local(ports, m), text)
        assert (1, len(ports)) == (binds, servers)
        self._file = folder / "haproxy.cfg"
        self._file.write_text(text)
        self._port = port
        self._log = folder / "haproxy.log"

    def __enter__(self) -> Self:
        binary = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert binary is not None, "HAProxy is not installed: `make system` installs it"
        with self._log.open("wb") as log:
            command = [binary, "-db", "-f", str(self._file)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        while not self._listens():
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self._port)) == 0


def _local(ports: Sequence[int], server: re.Match[str]) -> str:
    return f"127.0.0.1:{ports[int(server[1]) - 1]}"
