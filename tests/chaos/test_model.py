"""Store, feed, hub and SDK together against a model: any schedule of faults loses and invents nothing.

Hypothesis writes the schedules: commands at any server and straight into the store, repeats of
them, servers that lag, restart and race; streams that are cut, stalled and doubled; frames that
come late, twice and out of order; a store that is away, loses its tail, is emptied, and is put
back. Deltas and snapshots are kept short, so that every schedule passes their ends.

What is known to be right is kept beside it: each entry that was ever in the log, played by the
plainest code that can do it, tells what an environment has at each position. An SDK may at any
time have exactly that, for its position, and nothing else (no phantom change); in one epoch it
only goes forward; and when the faults end, all have what the store has, in which is everything
that was acknowledged and not taken away by the schedule itself (no lost change).

`FLAGHOIST_CHAOS=long` runs 10,000 schedules, `FLAGHOIST_SEED` repeats a run's choices.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.chaos.conftest import LONG, Tell
from tests.chaos.model_commands import (
    ENVIRONMENTS,
    FILES,
    KEYS,
    commands,
    environments,
    files,
    flips,
)
from tests.chaos.model_stores import MemoryShelf, RedisShelf, Shelf, SqliteShelf
from tests.chaos.model_truth import Truth, hash_of, played
from tests.chaos.model_world import Line, Sdk, Server, whole_log
from tests.logs import AT
from tests.redis_servers import Redis

from flaghoist_server.change.audit import verify
from flaghoist_server.change.change import Change
from flaghoist_server.change.commands import Apply, Author, Command, CommandError
from flaghoist_server.feed import environment as environment_module
from flaghoist_server.feed.recover import recover
from flaghoist_server.feed.writer import Outcome
from flaghoist_server.store import sqlite
from flaghoist_server.store.direct import kill_direct
from flaghoist_server.store.port import StoreError
from flaghoist_server.store.redis import snapshots as redis_snapshots

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(7200)]

ADA = Author("ada", AT)
STEPS = 40

numbers = st.integers(0, 11)
"""Which server, SDK, line or frame: counted around those that there are."""


class Model(RuleBasedStateMachine):
    """One schedule. `tally` counts over all of them."""

    def __init__(self, shelf: Shelf, tally: Counter[str]) -> None:
        super().__init__()
        self.shelf = shelf
        self.tally = tally
        self.loop = asyncio.new_event_loop()
        self.epochs = map("e{}".format, itertools.count(1))
        self.servers = [Server(shelf, self.epochs.__next__) for _ in range(shelf.servers)]
        self.sdks = [Sdk(name) for name in (*ENVIRONMENTS, ENVIRONMENTS[0])]
        self.direct = shelf.open()
        self.truth = Truth()
        self.logs: dict[str, list[Change]] = {}
        self.acknowledged: dict[str, Change] = {}
        self.taken: set[str] = set()
        self.backup: Any = None
        self.begun = False
        self.away = False
        self.last: tuple[Command, str | None, str, Outcome] | None = None
        self.requests = itertools.count()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it, and what the stores do beside it, so that a schedule is the same each time."""
        result = self.loop.run_until_complete(work)
        self.loop.run_until_complete(_snapshots_made())
        return result

    @initialize()
    def begin(self) -> None:
        """Servers on a store with two environments and some flags, and an SDK for each."""
        self.run(self._begin())
        self.backup = self.shelf.kept()
        self.begun = True

    async def _begin(self) -> None:
        await self.direct.start()
        for server in self.servers:
            await server.start()
        for name in ENVIRONMENTS:
            await self.servers[0].writer.create(name, ADA)
        await self._submit(self.servers[0], FILES[0], None)
        for server in self.servers:
            await server.look()
        for sdk in self.sdks:
            await sdk.connect(self.servers[0])

    # Commands.

    @rule(server=numbers, command=flips, environment=environments)
    def flip(self, server: int, command: Command, environment: str) -> None:
        """Somebody changes a flag, at any server."""
        self.run(self._submit(self._server(server), command, environment))

    @rule(server=numbers, file=files)
    def apply(self, server: int, file: Command) -> None:
        """Somebody applies a file to both environments."""
        self.run(self._submit(self._server(server), file, None))

    @rule(commands=st.lists(commands, min_size=2, max_size=3), environment=environments)
    def race(self, commands: list[Command], environment: str) -> None:
        """Several do, at several servers at once."""
        self.run(self._race(commands, environment))

    async def _race(self, commands: list[Command], environment: str) -> None:
        await asyncio.gather(
            *(
                self._submit(server, one, None if isinstance(one, Apply) else environment)
                for server, one in zip(itertools.cycle(self.servers), commands, strict=False)
                for one in [one]
            )
        )

    @precondition(lambda self: self.last is not None)
    @rule(server=numbers)
    def repeat(self, server: int) -> None:
        """The last command comes again with its idempotency key: it is not done again."""
        command, where, key, first = self.last
        logs = self.run(self._read_logs())
        again = self.run(self._submit(self._server(server), command, where, key))
        if again is not None:
            assert (first.version, first.changes) == (again.version, again.changes)
            assert logs == self.run(self._read_logs())

    @rule(key=st.sampled_from(KEYS), environment=environments)
    def break_glass(self, key: str, environment: str) -> None:
        """A kill straight into the store."""
        try:
            change, _ = self.run(kill_direct(self.direct, environment, key, ADA))
        except (CommandError, StoreError):
            return
        if change is not None:
            self.acknowledged[change.hash] = change

    async def _submit(
        self, server: Server, command: Command, where: str | None, key: str = ""
    ) -> Outcome | None:
        request = key or f"request-{next(self.requests)}"
        try:
            outcome = await server.writer.submit(
                command, where, "ada", idempotency=(request, request)
            )
        except (CommandError, StoreError):
            return None
        self.acknowledged |= {change.hash: change for change in outcome.changes}
        self.last = (command, where, request, outcome)
        return outcome

    # Servers.

    @rule(server=numbers)
    def look(self, server: int) -> None:
        """A server that lags follows the store."""
        self.run(self._server(server).look())

    @precondition(lambda self: self.shelf.can_start_away or not self.away)
    @rule(server=numbers)
    def restart(self, server: int) -> None:
        """A server is killed, and starts with what its mirror has."""
        self.run(self._restart(self._server(server)))

    async def _restart(self, server: Server) -> None:
        await server.stop()
        await server.start()
        for sdk in self.sdks:
            for line in [line for line in sdk.lines if not line.open]:
                line.cut()

    @rule(server=numbers)
    def beat(self, server: int) -> None:
        """A server says where everybody should stand."""
        self._server(server).beat()

    # Streams.

    @rule(sdk=numbers, server=numbers)
    def connect(self, sdk: int, server: int) -> None:
        """An SDK opens a stream, perhaps one more, perhaps to a server that is behind."""
        one = self.sdks[sdk % len(self.sdks)]
        if len(one.lines) < 2:
            self.run(one.connect(self._server(server)))

    @rule(sdk=numbers, index=numbers, again=st.booleans())
    def deliver(self, sdk: int, index: int, again: bool) -> None:
        """A frame arrives: not always the oldest, and not always for the last time."""
        for line in self._line(sdk):
            line.deliver(index, again=again)

    @rule(sdk=numbers, count=st.integers(1, 9))
    def deliver_in_order(self, sdk: int, count: int) -> None:
        """Some frames arrive as they should."""
        for line in self._line(sdk):
            for _ in range(count):
                line.deliver()

    @rule(sdk=numbers)
    def cut(self, sdk: int) -> None:
        """A stream is cut, with what was under way."""
        for line in self._line(sdk):
            line.cut()

    @rule(sdk=numbers, on=st.booleans())
    def stall(self, sdk: int, on: bool) -> None:
        """A peer takes nothing for a while."""
        for line in self._line(sdk):
            line.stall(on=on)

    # The store.

    @precondition(lambda self: self.shelf.can_be_away and not self.away)
    @rule()
    def lose_the_store(self) -> None:
        """Nobody reaches it any more."""
        self.away = True
        self.shelf.away(True)

    @precondition(lambda self: self.away)
    @rule()
    def find_the_store(self) -> None:
        """Everybody reaches it again."""
        self.away = False
        self.shelf.away(False)

    @precondition(lambda self: not self.away)
    @rule()
    def back_up(self) -> None:
        """What the store has now is what may be put back."""
        self.backup = self.shelf.kept()

    @precondition(lambda self: not self.away)
    @rule()
    def lose_tail(self) -> None:
        """The store is as it was at the last backup."""
        self._take(self.backup)

    @precondition(lambda self: not self.away)
    @rule()
    def wipe(self) -> None:
        """The store is empty."""
        self._take(None)

    @rule(server=numbers)
    def recover(self, server: int) -> None:
        """An operator has a server put back what it knows."""
        self.run(self._recover(self._server(server)))

    async def _recover(self, server: Server) -> None:
        try:
            await recover(server.store, server.feed, ADA, self.epochs.__next__)
        except StoreError:
            return

    def _take(self, kept: Any) -> None:
        before = self.run(self._read_logs())
        self.run(self._put_back(kept))
        after = self.run(self._read_logs())
        left = {change.hash for log in after.values() for change in log}
        self.taken |= {c.hash for log in before.values() for c in log if c.hash not in left}
        self.last = None

    async def _put_back(self, kept: Any) -> None:
        await self.direct.close()  # commands come and go; servers stay
        self.shelf.put_back(kept)
        self.direct = self.shelf.open()
        await self.direct.start()

    # What must hold.

    @invariant()
    def every_sdk_has_what_was_at_its_position(self) -> None:
        """No phantom change, no half of one, nothing older."""
        self._note(self.run(self._read_logs()))
        for sdk in self.sdks:
            snapshot = sdk.snapshot
            assert [] == sdk.went_back
            if snapshot.loaded:
                right = self.truth.at(sdk.environment, snapshot.epoch, snapshot.version)
                assert (snapshot.documents, snapshot.segments) in right
                assert hash_of(snapshot.documents, snapshot.segments) == snapshot.hash
                assert {} == snapshot.rejected

    def _note(self, logs: dict[str, list[Change]]) -> None:
        if logs != self.logs:
            self.logs = logs
            self.truth.note(logs)

    def teardown(self) -> None:
        """The faults end, and all have what the store has."""
        try:
            if self.begun:
                self.run(self._settle())
                self._nothing_is_lost()
        finally:
            self.run(self._end())
            self.loop.close()
            self.shelf.close()

    async def _settle(self) -> None:
        if self.away:
            self.find_the_store()
        for _ in range(20):
            for server in self.servers:
                await server.look()
                if server.feed.holds:
                    await self._recover(server)
                server.beat()
            for sdk in self.sdks:
                await self._follow(sdk)
            self._note(await self._read_logs())
            if self._all_alike():
                return
        raise AssertionError("they do not come together")

    async def _follow(self, sdk: Sdk) -> None:
        """As the link does: a stream to some server, and whatever it says, in order.

        An SDK that moves has two streams, and epochs have no order: a late frame of the old one
        may take it back. The next heartbeat of the new one finds that.
        """
        if not sdk.lines:
            await sdk.connect(self.servers[0])
        for line in list(sdk.lines):
            line.stall(on=False)
            await asyncio.sleep(0)
            while line.arriving:
                line.deliver()
                await asyncio.sleep(0)

    def _all_alike(self) -> bool:
        heads = {name: log[-1] for name, log in self.logs.items() if log}
        return all(
            (head.epoch, head.version) == sdk.position
            for sdk in self.sdks
            if (head := heads.get(sdk.environment)) is not None
        ) and set(heads) == set(ENVIRONMENTS)

    def _nothing_is_lost(self) -> None:
        for sdk in self.sdks:
            *_, (_, documents) = played(self.logs[sdk.environment])
            assert documents == (sdk.snapshot.documents, sdk.snapshot.segments)
        logged = {change.hash for log in self.logs.values() for change in log}
        assert [] == [c for c in self.acknowledged.values() if c.hash not in logged | self.taken]
        assert [] == [broken for log in self.logs.values() for broken in verify(log)]
        self.tally["schedules"] += 1
        self.tally["acknowledged"] += len(self.acknowledged)
        self.tally["taken_away"] += len(self.taken)
        self.tally["epochs"] += len({c.epoch for log in self.logs.values() for c in log})

    async def _end(self) -> None:
        for server in self.servers:
            await server.stop()
        await self.direct.close()

    # Small things.

    async def _read_logs(self) -> dict[str, list[Change]]:
        if self.away:
            return self.logs  # nobody can have added anything
        return {
            head.environment: await whole_log(self.direct, head.environment)
            for head in await self.direct.heads()
        }

    def _server(self, number: int) -> Server:
        return self.servers[number % len(self.servers)]

    def _line(self, number: int) -> list[Line]:
        lines = [line for sdk in self.sdks for line in sdk.lines]
        return [lines[number % len(lines)]] if lines else []


async def _snapshots_made() -> None:
    making = [task for task in asyncio.all_tasks() if task.get_name().startswith("snapshot of ")]
    await asyncio.gather(*making)


@pytest.fixture
def shelves(request: pytest.FixtureRequest) -> Iterator[Callable[[], Shelf]]:
    """Makes a new store of the kind that the test is run with."""
    if request.param == "redis":
        with Redis() as redis:
            yield lambda: RedisShelf(redis)
    else:
        yield {"memory": MemoryShelf, "sqlite": SqliteShelf}[request.param]


SCHEDULES = {"memory": (80, 8_000), "sqlite": (25, 1_500), "redis": (10, 500)}
"""Short and long; all together 10,000 in the long form."""


@pytest.mark.parametrize("shelves", SCHEDULES, indirect=True)
def test_no_schedule_loses_or_invents_a_change(
    shelves: Callable[[], Shelf],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tell: Tell,
    seed: int,
) -> None:
    """See the head of this file."""
    kind = request.node.callspec.params["shelves"]
    monkeypatch.setattr(environment_module, "RECENT_CHANGES", 4)
    monkeypatch.setattr(sqlite, "SNAPSHOT_EVERY", 2)
    monkeypatch.setattr(redis_snapshots, "AT_LEAST", 2)
    tally: Counter[str] = Counter()

    run_state_machine_as_test(
        with_seed(seed)(lambda: Model(shelves(), tally)),
        settings=settings(
            max_examples=SCHEDULES[kind][LONG],
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    tell(store=kind, **tally)
    assert tally["schedules"] >= SCHEDULES[kind][LONG] / 2
