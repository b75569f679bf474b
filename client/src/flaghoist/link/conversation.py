"""A session and what it changes: the place where effects become facts.

Rules: no socket. A stream and a poll both hold a conversation; they differ only in how bytes
travel.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flaghoist.link import logs
from flaghoist.link.identity import hello, position
from flaghoist.protocol.client_session import ClientSession
from flaghoist.protocol.messages import REMOVED, Delta, Full
from flaghoist.protocol.reactions import (
    UNBUILDABLE,
    Build,
    Effect,
    Finding,
    Leave,
    Move,
    Note,
    Send,
    State,
    Swap,
)

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding
    from flaghoist.snapshot import Snapshot

__all__ = ["Conversation", "Left", "build"]


class Left(Exception):
    """The conversation is over: nothing that this server says is believed any more."""

    def __init__(self, finding: Finding, detail: str) -> None:
        super().__init__(f"{finding.value}: {detail}")
        self.finding = finding


class Conversation:
    """What is said on one connection, carried out on what the client holds."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._session = ClientSession(hello(holding), time.monotonic())
        self._candidate: Snapshot | None = None
        self.move: Move | None = None
        """The server has said goodbye."""

    @property
    def live(self) -> bool:
        """What the client has is what the server has."""
        return self._session.state is State.LIVE

    @property
    def deadline(self) -> float:
        """When `tick` is to be called at the latest, on the monotonic clock."""
        return self._session.deadline

    def hello(self) -> bytes:
        """The first thing to say."""
        return self._session.hello()

    def hear(self, data: bytes) -> list[bytes]:
        """Take in a message. What is to be answered. Raises: Left."""
        said = self._session.receive(data, position(self._holding), time.monotonic())
        answers = self._carry_out(said)
        if self.live:
            self._holding.confirm()
        return answers

    def tick(self) -> None:
        """Notice silence. Raises: Left."""
        self._carry_out(self._session.tick(position(self._holding), time.monotonic()))

    def _carry_out(self, effects: list[Effect]) -> list[bytes]:
        answers = []
        for effect in effects:
            match effect:
                case Send(data):
                    answers.append(data)
                case Build(message):
                    answers += self._carry_out(self._build(message))
                case Swap(new_epoch):
                    self._swap(new_epoch)
                case Note(finding, detail):
                    self._holding.note(finding.name.lower(), f"{finding.value}: {detail}")
                case Move():
                    self.move = effect
                case Leave(finding, detail):
                    raise Left(finding, detail)
        return answers

    def _build(self, message: Full | Delta) -> list[Effect]:
        try:
            self._candidate = build(message, self._holding.snapshot)
            digest = self._candidate.hash
        except Exception as error:  # noqa: BLE001 - whatever a frame does to us, the old stays
            self._candidate, digest = None, UNBUILDABLE
            self._holding.last_error = f"a snapshot could not be built: {error!r}"
        return self._session.built(digest, position(self._holding), time.monotonic())

    def _swap(self, new_epoch: bool) -> None:
        candidate, before = self._candidate, position(self._holding)
        self._candidate = None
        if candidate is None:
            return
        self._holding.adopt(candidate, "server")
        if new_epoch:
            logs.warn(
                "link_new_epoch",
                "the server began a new epoch: %s.%d is now %s.%d; every flag was loaded anew",
                before.epoch,
                before.version,
                candidate.epoch,
                candidate.version,
            )


def build(message: Full | Delta, before: Snapshot) -> Snapshot:
    """The snapshot that a message leads to. It may raise whatever the message makes it raise."""
    if not message.epoch:
        raise ValueError("a message without an epoch")
    if isinstance(message, Full):
        return before.of(
            message.environment,
            message.epoch,
            message.version,
            {key: (version, bytes(raw)) for key, (version, raw) in message.flags.items()},
            {name: bytes(raw) for name, raw in message.segments.items()},
            before,
        )
    return before.changed(
        message.version,
        {
            key: None if entry is None else (entry[0], bytes(entry[1]))
            for key, entry in message.flags.items()
        },
        {name: None if raw == REMOVED else bytes(raw) for name, raw in message.segments.items()},
    )
