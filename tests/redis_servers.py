"""Real Redis processes for the tests: one server, a primary with replicas and Sentinels, a Cluster.

Each process has a directory and a port of its own, is waited for by asking it, and is ended by its
pid. Faults are done to the process itself: `kill`, `stop` and `go_on` are SIGKILL, SIGSTOP and
SIGCONT. What is asked of a server here is asked over a plain socket, not through the code under
test.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import hiredis
from tests.redis_bin import any_binary

__all__ = ["Cluster", "Redis", "Sentinels", "free_port", "until"]

START_TIMEOUT_S = 10.0

FAST_PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Memory outlives a killed process as a disk does, and other tests' syncs do not slow it down."""

Word = str | int | float | bytes | memoryview
Settings = dict[str, str | int]


def free_port() -> int:
    """A port that is free, with the Cluster bus's port 10,000 above it.

    Both lie below the range that the kernel gives to outgoing connections, so that no connection
    takes a killed server's port before it is started anew.
    """
    while True:
        port = random.SystemRandom().randrange(11_000, 20_000)
        with contextlib.suppress(OSError), socket.socket() as own, socket.socket() as bus:
            own.bind(("127.0.0.1", port))
            bus.bind(("127.0.0.1", port + 10_000))
            return port


def until(holds: Callable[[], Any], what: str, timeout_s: float = START_TIMEOUT_S) -> Any:
    """Poll until `holds()` is true and return what it gave; an error of the socket is *not yet*."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, hiredis.HiredisError):
            if answer := holds():
                return answer
        time.sleep(0.005)
    raise TimeoutError(f"{what}: not within {timeout_s} s")


class Redis:
    """One server process. `settings` are lines of redis.conf: {"appendfsync": "always"}."""

    def __init__(
        self, binary: Path | None = None, port: int | None = None, **settings: str | int
    ) -> None:
        self.binary = binary or any_binary()
        self.port = port or free_port()
        self._directory = tempfile.TemporaryDirectory(prefix="redis-", dir=FAST_PLACE)
        self.directory = Path(self._directory.name)
        self.settings: dict[str, str | int] = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": str(self.directory),
            "save": '""',
            "appendonly": "yes",
            "appendfsync": "always",
            "repl-diskless-sync-delay": 0,
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start it, with whatever its directory holds, and wait until it answers."""
        config = self.directory / "redis.conf"
        if not config.exists():  # a Sentinel rewrites its own: never put the first one back
            config.write_text("".join(f"{name} {value}\n" for name, value in self.lines()))
        log = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            [self.binary, config, *self._mode()], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        log.close()
        until(self._answers, f"Redis on port {self.port} to answer")

    def lines(self) -> Iterator[tuple[str, str | int]]:
        yield from self.settings.items()

    def _mode(self) -> list[str]:
        return []

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"Redis ended at once:\n{(self.directory / 'log').read_text()}")
        reply = self.ask("PING")
        return reply == b"PONG" or "NOAUTH" in str(reply)

    def ask(self, *command: Word, timeout_s: float = 5.0) -> Any:
        """One command over a socket of its own; an error reply is returned as it is."""
        return self.ask_all(command, timeout_s=timeout_s)[0]

    def ask_all(self, *commands: Sequence[Word], timeout_s: float = 5.0) -> list[Any]:
        """Commands one after the other on one connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as line:
            reader = hiredis.Reader()
            return [self._exchange(line, reader, command) for command in commands]

    def _exchange(
        self, line: socket.socket, reader: hiredis.Reader, command: Sequence[Word]
    ) -> Any:
        line.sendall(hiredis.pack_command(tuple(command)))  # type: ignore[arg-type]  # stub: 1 word
        while (reply := reader.gets()) is False:
            if not (data := line.recv(1 << 16)):
                raise ConnectionError(f"Redis on port {self.port} closed the connection")
            reader.feed(data)
        return reply

    def followed_by(self, replicas: int) -> bool:
        """Whether so many replicas acknowledge a write now; after a first copy they need 1 s.

        Asked twice: a write from before the first replica came counts as acknowledged by all.
        """
        asked = ["SET", "probe", "1"], ["WAIT", replicas, 1000]
        *_, acknowledged = self.ask_all(*asked, *asked)
        return int(acknowledged) >= replicas

    def info(self, section: str = "default") -> dict[str, str]:
        text = self.ask("INFO", section).decode()
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)

    def signal(self, number: signal.Signals) -> None:
        if self.process is None:
            raise RuntimeError("this Redis does not run")
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone; `start` brings it back with what is on disk."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.process = None

    def stop(self) -> None:
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.signal(signal.SIGCONT)

    def close(self) -> None:
        if self.process is not None:
            self.kill()
        self._directory.cleanup()


class _Sentinel(Redis):
    """One Sentinel process: the same binary in another mode."""

    def __init__(self, primary: Redis, quorum: int, down_after_ms: int) -> None:
        super().__init__(primary.binary)
        self._watch = (primary.port, quorum, down_after_ms)

    def lines(self) -> Iterator[tuple[str, str | int]]:
        port, quorum, down_after_ms = self._watch
        yield from [("port", self.port), ("bind", "127.0.0.1"), ("dir", str(self.directory))]
        yield "sentinel monitor", f"flags 127.0.0.1 {port} {quorum}"
        yield "sentinel down-after-milliseconds", f"flags {down_after_ms}"
        yield "sentinel failover-timeout", "flags 2000"

    def _mode(self) -> list[str]:
        return ["--sentinel"]


class Sentinels:
    """A primary named `flags`, its replicas, and three Sentinels that watch it."""

    def __init__(
        self, replicas: int = 2, binary: Path | None = None, down_after_ms: int = 500,
        **settings: str | int,
    ) -> None:  # fmt: skip
        first = Redis(binary, **settings)
        of = f"127.0.0.1 {first.port}"
        self.servers = [first, *(Redis(binary, replicaof=of, **settings) for _ in range(replicas))]
        self.sentinels = [_Sentinel(first, 2, down_after_ms) for _ in range(3)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/flags/0"

    def __enter__(self) -> Self:
        for server in self.servers:
            server.start()
        replicas = len(self.servers) - 1
        until(lambda: self.servers[0].followed_by(replicas), "the replicas to follow")
        for sentinel in self.sentinels:
            sentinel.start()
        until(lambda: all(map(self._complete, self.sentinels)), "the Sentinels to find each other")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for server in [*self.sentinels, *self.servers]:
            server.close()

    def primary(self) -> Redis:
        """The server that the first Sentinel names."""
        reply = self.sentinels[0].ask("SENTINEL", "get-master-addr-by-name", "flags")
        return next(server for server in self.servers if server.port == int(reply[1]))

    def replicas(self) -> list[Redis]:
        return [server for server in self.servers if server is not self.primary()]

    def _complete(self, sentinel: Redis) -> bool:
        reply = sentinel.ask("SENTINEL", "master", "flags")
        said = dict(zip(reply[::2], reply[1::2], strict=True))
        others = (int(said[b"num-slaves"]), int(said[b"num-other-sentinels"]))
        return others == (len(self.servers) - 1, len(self.sentinels) - 1)


class Cluster:
    """Three primaries that share the slots."""

    def __init__(self, binary: Path | None = None, nodes: int = 3) -> None:
        cluster = {"cluster-enabled": "yes", "cluster-node-timeout": 2000}
        self.nodes = [Redis(binary, **cluster) for _ in range(nodes)]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def __enter__(self) -> Self:
        for node in self.nodes:
            node.start()
        share = 16384 // len(self.nodes) + 1
        for number, node in enumerate(self.nodes):
            last = min(16383, (number + 1) * share - 1)
            node.ask("CLUSTER", "ADDSLOTSRANGE", number * share, last)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.ask("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
        until(lambda: all(map(self._whole, self.nodes)), "the Cluster to be whole")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for node in self.nodes:
            node.close()

    def _whole(self, node: Redis) -> bool:
        said = node.ask("CLUSTER", "INFO").decode()
        return "cluster_state:ok" in said and f"cluster_known_nodes:{len(self.nodes)}" in said
