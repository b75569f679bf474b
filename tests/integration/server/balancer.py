"""A real HAProxy in front of servers, which asks `/readyz` as an operator would have it ask."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.redis_servers import free_port

__all__ = ["Balancer"]

CONFIGURATION = """
global
    maxconn 4000
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    timeout check 5s
frontend flaghoist
    bind 127.0.0.1:{port}
    default_backend servers
backend servers
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 100ms fall 1 rise 1
{servers}
"""


class Balancer:
    """`url` leads to whichever server is ready."""

    def __init__(self, ports: Sequence[int], folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        servers = "\n".join(f"    server s{each} 127.0.0.1:{each}" for each in ports)
        self._file = folder / "haproxy.cfg"
        self._file.write_text(CONFIGURATION.format(port=port, servers=servers))
        self._log = (folder / "haproxy.log").open("wb")

    def __enter__(self) -> Self:
        binary = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert binary is not None, "HAProxy is not installed: `make system` installs it"
        self._process = subprocess.Popen(
            [binary, "-db", "-f", str(self._file)], stdout=self._log, stderr=self._log
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()
