"""The writer: a command in, an appended change out, or one clear reason why not.

It decides on the state that the feed has and appends with compare-and-set. Who loses the race
reads what the other has done and decides again, unless the caller has said which state the
command was meant for (`if_match`, `positions`): then a lost race is a refusal. A request that
comes twice with one idempotency key is answered as the first time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from flaghoist.model.digest import digest
from flaghoist.model.names import is_key
from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change
from flaghoist_server.change.commands import (
    Apply,
    Author,
    Command,
    CommandError,
    Decision,
    Undo,
    decide,
)
from flaghoist_server.change.state import Head
from flaghoist_server.feed.clock import new_epoch, utc_now
from flaghoist_server.feed.feed import Feed
from flaghoist_server.feed.preconditions import PreconditionFailed, check_match, check_positions
from flaghoist_server.store.port import (
    Conflict,
    IdempotentAnswer,
    Store,
    StoreError,
    StoreUnavailable,
)

__all__ = ["KeyReused", "Outcome", "Writer"]

_ATTEMPTS = 100
"""Lost races before giving up: fifty writers at once, each winning once, and as many again."""

_LONGEST_PAUSE_MS = 50
"""Of as many servers one always wins, so a loser need not wait: only some that meet again do."""

_MAX_ENVIRONMENT_CHARS = 64


class KeyReused(Exception):
    """The idempotency key belongs to another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key!r} was used for another request: take a new one")


class Outcome(msgspec.Struct, frozen=True):
    """What came of a command.

    `changes` is empty when everything was so already. `version` is the environment's afterwards;
    `digest` the flag's, "" for an apply or a flag that is gone. `durable` is False when the store
    has it on fewer replicas than was configured.
    """

    environment: str
    key: str
    version: int
    digest: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    durable: bool = True

    @property
    def changed(self) -> bool:
        return bool(self.changes)


class _Answer(msgspec.Struct, frozen=True):
    """An outcome as it is remembered: changes by their place, since the log has them."""

    environment: str
    key: str
    version: int
    digest: str
    places: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


class Writer:
    """Writes to `store` what commands come to, on the state that `feed` has.

    Args:
        now: the time as it stands in changes.
        new_epoch: makes the name of an epoch.
    """

    def __init__(
        self,
        store: Store,
        feed: Feed,
        now: Callable[[], str] = utc_now,
        new_epoch: Callable[[], str] = new_epoch,
    ) -> None:
        self._store = store
        self._feed = feed
        self._now = now
        self._new_epoch = new_epoch
        self._turn = asyncio.Lock()  # one at a time: racing with oneself only costs attempts

    async def create(self, environment: str, author: Author) -> bool:
        """Make an empty environment. False: the name is taken.

        Raises:
            CommandError: it is no name for an environment.
            StoreError: nothing was written.
        """
        if not is_key(environment) or "/" in environment or environment.startswith("."):
            raise CommandError(f"{environment!r} is no name for an environment: use a-z 0-9 . _ -")
        if len(environment) > _MAX_ENVIRONMENT_CHARS:
            raise CommandError(f"an environment's name has up to {_MAX_ENVIRONMENT_CHARS} letters")
        change = Change(environment, self._new_epoch(), 1, "create", author.at, author.actor,
                        author.reason)  # fmt: skip
        change = chain(change, "")
        with self._writable():
            try:
                await self._store.begin(change, None)
            except Conflict:
                return False
        self._feed.accept([change])
        return True

    async def submit(
        self,
        command: Command,
        environment: str | None,
        actor: str,
        reason: str = "",
        *,
        if_match: str | None = None,
        positions: Mapping[str, tuple[str, int]] | None = None,
        idempotency: tuple[str, str] | None = None,
    ) -> Outcome:
        """Do it, durably.

        Args:
            environment: None only for an `Apply`.
            if_match: the digest (quoted or not) that the flag must have, or `*` for any.
            positions: (epoch, version) at which environments must stand.
            idempotency: the request's key, and a hash of the request.

        Raises:
            CommandError: it cannot be done.
            PreconditionFailed: the command was meant for another state.
            KeyReused: the idempotency key belongs to another request.
            StoreError: nothing was written, or nobody knows whether it was.
        """
        asked = command, environment, actor, reason, if_match, positions
        lost_to: Head | None = None
        async with self._turn:
            with self._writable():
                for attempt in range(_ATTEMPTS):
                    self._refuse_in_vain()
                    if idempotency is not None:
                        known = await self._remembered(*idempotency)
                        if known is not None:
                            return known
                    decision = await self._decide_surely(*asked)
                    try:
                        return await self._append(command, environment, decision, idempotency)
                    except Conflict as lost:
                        # Lost twice to one head: the store is behind us, so look instead.
                        winner = lost.head if lost.head != lost_to else None
                        await self._go_on_to(winner, attempt)
                        lost_to = lost.head
        raise StoreUnavailable("too many others write at the same time: nothing was changed")

    async def plan(
        self, command: Command, environment: str | None, actor: str, reason: str = ""
    ) -> Outcome:
        """What `submit` would do now, without doing it.

        Raises:
            CommandError: it cannot be done.
        """
        with contextlib.suppress(StoreError):  # away: then on the state that is known
            await self._feed.look()
        decision = await self._decide(command, environment, actor, reason, None, None)
        return self._outcome(command, environment, decision, durable=True)

    async def _decide_surely(self, *asked: Any) -> Decision:
        """A decision that is right for what the store has now, or that the store can refute.

        An append on an old state loses its race. A refusal, or that there is nothing to do, would
        be believed: another server may have made the flag, or killed it, a moment ago.
        """
        with contextlib.suppress(CommandError, PreconditionFailed):
            decision = await self._decide(*asked)
            if decision.changes:
                return decision
        await self._feed.look()
        return await self._decide(*asked)

    async def _decide(
        self,
        command: Command,
        environment: str | None,
        actor: str,
        reason: str,
        if_match: str | None,
        positions: Mapping[str, tuple[str, int]] | None,
    ) -> Decision:
        states = {name: live.state for name, live in self._feed.environments.items()}
        last = None
        if isinstance(command, Undo) and environment in states:
            last = next(iter(await self._store.history(environment, command.key, 1)), None)
        decision = decide(states, environment, command, Author(actor, self._now(), reason), last)
        if if_match is not None and not isinstance(command, Apply):
            check_match(states[environment or ""], command.key, if_match)
        check_positions(states, positions or {})
        return decision

    async def _append(
        self,
        command: Command,
        environment: str | None,
        decision: Decision,
        idempotency: tuple[str, str] | None,
    ) -> Outcome:
        outcome = self._outcome(command, environment, decision, durable=True)
        answer = _answer(outcome, *idempotency) if idempotency is not None else None
        durable = True
        if decision.changes or answer is not None:
            durable = await self._store.append(decision.changes, answer)
            self._feed.accept(decision.changes)
        return msgspec.structs.replace(outcome, durable=durable)

    def _outcome(
        self, command: Command, environment: str | None, decision: Decision, *, durable: bool
    ) -> Outcome:
        key = "" if isinstance(command, Apply) else command.key
        name = environment or (decision.changes[0].environment if decision.changes else "")
        live = self._feed.environments.get(name)
        state = live.state if live is not None else None
        version = state.head.version if state is not None else 0
        stored = state.flags.get(key) if state is not None else None
        document = stored.document if stored is not None else None
        for change in decision.changes:
            if change.environment == name:
                version = change.version
                document = change.flags[key].new if key in change.flags else document
        return Outcome(
            environment=name,
            key=key,
            version=version,
            digest="" if document is None else digest(document),
            changes=decision.changes,
            notes=decision.notes,
            durable=durable,
        )

    async def _go_on_to(self, head: Head | None, attempt: int) -> None:
        """After a lost race: know what the winner has done."""
        if head is None:
            await self._feed.look()
        else:
            await self._feed.go_on_to(head)
        await asyncio.sleep(random.uniform(0, min(attempt, _LONGEST_PAUSE_MS)) / 1000)

    async def _remembered(self, key: str, request_hash: str) -> Outcome | None:
        kept = await self._store.remembered(key)
        if kept is None:
            return None
        if kept.request_hash != request_hash:
            raise KeyReused(key)
        answer = msgspec.json.decode(kept.answer, type=_Answer)
        changes: list[Change] = []
        durable = True
        for environment, version in answer.places:
            entries = await self._store.read(environment, version - 1, 1)
            settled = [await self._store.settled(entry) for entry in entries]
            durable = durable and settled == [True]
            changes += entries
        return Outcome(
            answer.environment,
            answer.key,
            answer.version,
            answer.digest,
            tuple(changes),
            answer.notes,
            durable,
        )

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """Refuse at once what the store will not take, and tell the feed if it is found away.

        Whoever waited for a store that is away would keep those behind it waiting.
        """
        self._refuse_in_vain()
        try:
            yield
        except StoreUnavailable as error:
            self._feed.suspect(error)
            raise

    def _refuse_in_vain(self) -> None:
        """A store that is held or away takes nothing, however often it is tried."""
        if self._feed.holds:
            raise StoreUnavailable(self._feed.unready_because)
        if self._feed.state == "stale":
            raise StoreUnavailable(self._feed.reason)


def _answer(outcome: Outcome, key: str, request_hash: str) -> IdempotentAnswer:
    answer = _Answer(
        outcome.environment,
        outcome.key,
        outcome.version,
        outcome.digest,
        tuple((change.environment, change.version) for change in outcome.changes),
        outcome.notes,
    )
    return IdempotentAnswer(key, request_hash, msgspec.json.encode(answer))
