"""Changes a second, and how long one takes to another server's SDK: both stores, in one run.

    python benchmarks/store.py [--changes 500] [--flips 200] [--folder DIR] [--json FILE]

*Changes a second* is one writer that waits for each answer: decision, seal, encoding and a durable
append through the store, in this process. Beside each store stands what it is made of, with an
entry of the same size: a commit of one row (WAL, synchronous=FULL), an XADD on one connection
(append-only file, appendfsync always). All four sync the same disk, and take turns in rounds, so
that whatever else the machine does hits all; the figures are of the median round.

*To the SDK* is from an operator's HTTP request until `on_change` runs in an application, whose SDK
is connected to another server than the one that was asked: two `flaghoist serve` on one Redis.
With SQLite there is one server, and the SDK is on that. *Receipt* is until the operator is told
that every SDK has it, wherever it is connected.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Self

import hiredis

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import flip
from tests.redis_servers import Redis

from flaghoist.model.flagfile import parse_flag_document
from flaghoist_server.change.commands import Apply, Author, Ramp
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.writer import Writer
from flaghoist_server.store.open import open_store

ROUND = 20
"""Changes of one kind before the next has its turn."""

ENTRY_BYTES = 400
TARGET = 0.5
"""Of the plain rate, at least: a change costs no more than two of the writes it is made of."""

Act = Callable[[], Awaitable[object]]


class Changes:
    """A writer on a store that ramps one flag, to a share that it does not have."""

    def __init__(self, url: str) -> None:
        self._store = open_store(url)
        self._feed = Feed(self._store)
        self._writer = Writer(self._store, self._feed)
        self._made = 0

    async def __aenter__(self) -> Self:
        await self._feed.start()
        await self._writer.create("production", Author("ada", "2027-01-01T00:00:00.000Z"))
        behaviour = {"production": {"default": {"on": 100, "off": 0}}}
        file = {"flaghoist": 1, "flags": {"checkout": {"environments": behaviour}}}
        await self._writer.submit(Apply(parse_flag_document(file)), None, "ada")
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._feed.close()
        await self._store.close()

    async def make(self) -> None:
        self._made += 1
        outcome = await self._writer.submit(Ramp("checkout", self._made % 99), "production", "ada")
        assert outcome.changed
        assert outcome.durable


class PlainStream:
    """One connection that XADDs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._parser = hiredis.Reader()
        self._command = hiredis.pack_command(("XADD", "plain", "*", "e", b"x" * ENTRY_BYTES))

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def add(self) -> None:
        self._writer.write(self._command)
        while (reply := self._parser.gets()) is False:
            self._parser.feed(await self._reader.read(1 << 16))
        assert isinstance(reply, bytes)

    def close(self) -> None:
        self._writer.close()


async def rates(folder: str, redis: Redis, count: int) -> dict[str, float]:
    """Acts a second of each kind."""
    async with AsyncExitStack() as stack:
        sqlite = await stack.enter_async_context(Changes(f"sqlite:///{folder}/rate.db"))
        redis_changes = await stack.enter_async_context(Changes(f"{redis.url}?prefix=rate"))
        commit = stack.enter_context(flip.bare_commits(folder))
        stream = PlainStream(redis.port)
        await stream.connect()
        stack.callback(stream.close)

        async def plain_commit() -> None:
            await asyncio.to_thread(commit)

        acts: dict[str, Act] = {
            "sqlite": sqlite.make, "commit": plain_commit,
            "redis": redis_changes.make, "xadd": stream.add,
        }  # fmt: skip
        took: dict[str, list[float]] = {name: [] for name in acts}
        for number in range(2 + max(3, count // ROUND)):
            for name, act in acts.items():
                took_s = await timed(act)
                if number >= 2:  # the first rounds warm up
                    took[name].append(took_s)
        return {name: ROUND / statistics.median(times) for name, times in took.items()}


async def timed(act: Act) -> float:
    began = time.perf_counter()
    for _ in range(ROUND):
        await act()
    return time.perf_counter() - began


def latency(url: str, servers: int, count: int) -> dict[str, list[float]]:
    """Milliseconds of flips through the first server, to an application on the last one."""
    with ExitStack() as stack:
        running = [stack.enter_context(flip.running_server(url)) for _ in range(servers)]
        token = flip.prepare(running[0])
        settings = {"FLAGHOIST_URL": running[-1].url, "FLAGHOIST_TOKEN": token}
        app = stack.enter_context(flip.process(flip.__file__, "--application", **settings))
        assert app.stdout is not None
        assert app.stdout.readline() == "ready\n"
        wait_for_the_fleet(running[0])
        flips = flip.Flips(running[0], app.stdout)
        for number in range(1, flip.WARM_UP + count + 1):
            flips.flip(number)
            if number == flip.WARM_UP:
                flips.forget()
            time.sleep(0.005)  # a flip is a single event, not a stream of them
        return flips.took


def wait_for_the_fleet(operator: flip.Operator) -> None:
    """Servers show each other once a second which SDKs they have."""
    deadline = time.monotonic() + 15
    while not operator.get("/api/v1/environments/production/fleet")["instances"]:
        assert time.monotonic() < deadline, "the SDK is not in the fleet"
        time.sleep(0.05)


def report(rate: dict[str, float], took: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    result: dict[str, Any] = {"held": {}}
    print(f"\n{'changes a second':34}{'ours':>8}{'plain':>8}{'share':>8}")
    for store, plain, text in [
        ("sqlite", "commit", "SQLite, plain commit"),
        ("redis", "xadd", "Redis, plain XADD"),
    ]:
        share = rate[store] / rate[plain]
        print(f"{text:34}{rate[store]:8.0f}{rate[plain]:8.0f}{share:8.2f}")
        result[store] = {"changes_per_second": rate[store], "plain_per_second": rate[plain]}
        result["held"][store] = share >= TARGET
    print(f"\n{'milliseconds':34}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}")
    for store, text in [("sqlite", "SQLite"), ("redis", "Redis, other server")]:
        for name, what in [("has", "to the SDK"), ("answer", "answer"), ("receipt", "receipt")]:
            values = took[store][name]
            shares = {f"p{share}": flip.percentile(values, share) for share in (50, 90, 99)}
            result[store][name] = figures = shares | {"max": max(values)}
            print(f"{text + ', ' + what:34}" + "".join(f"{f:8.2f}" for f in figures.values()))
    held = ", ".join(f"{store} {held}" for store, held in result["held"].items())
    print(f"\na change costs at most {1 / TARGET:g} plain writes: {held}")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--folder", help="where the databases are made (a disk, not memory)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="store-", dir=options.folder) as folder,
        Redis(dir=folder) as redis,
    ):
        version = redis.info("server")["redis_version"]
        print(f"{options.changes} changes, {options.flips} flips; Redis {version}; in {folder}")
        rate = asyncio.run(rates(folder, redis, options.changes))
        took = {
            "sqlite": latency(f"sqlite:///{folder}/flags.db", 1, options.flips),
            "redis": latency(redis.url, 2, options.flips),
        }
        result = report(rate, took)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if all(result["held"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
