"""What people and programs may ask for, and the changes that come of it: `decide`.

Rules: pure. A command meets the states of the environments and becomes sealed changes, none of
them if everything is as it was asked to be, or a `CommandError` and nothing at all. What an SDK
would refuse is refused here. Definitions (type, variants, description …) and segments are the
same in every environment that has them, so a command may change several environments at once;
the store appends these changes all or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from flaghoist.model.flagfile import FlagFile
from flaghoist_server.change.apply import applied
from flaghoist_server.change.audit import chain
from flaghoist_server.change.change import Change
from flaghoist_server.change.draft import CommandError, Draft, unknown
from flaghoist_server.change.ramp import ramped
from flaghoist_server.change.state import Head, State
from flaghoist_server.change.switch import switched
from flaghoist_server.change.undo import undone

__all__ = [
    "Apply",
    "Author",
    "Command",
    "CommandError",
    "Decision",
    "Ramp",
    "SetState",
    "Undo",
    "decide",
    "seal",
]


class SetState(msgspec.Struct, frozen=True, tag="state"):
    """Switch a flag; a kill is an off that is recorded as a kill."""

    key: str
    state: Literal["on", "off", "kill"]


class Ramp(msgspec.Struct, frozen=True, tag="ramp"):
    """Set one variant's share of the default; None: the variant that stands for *on*."""

    key: str
    percent: float
    variant: str | None = None


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """Put a flag back to what it was before its last change."""

    key: str


class Apply(msgspec.Struct, frozen=True, tag="apply"):
    """Bring environments to what a flag file says; `environment` narrows it to one of them."""

    file: FlagFile
    prune: bool = False
    environment: str | None = None
    kind: Literal["apply", "import"] = "apply"


Command = SetState | Ramp | Undo | Apply


class Author(msgspec.Struct, frozen=True):
    """Who, when (UTC, RFC 3339 with milliseconds) and why."""

    actor: str
    at: str
    reason: str = ""


class Decision(msgspec.Struct, frozen=True):
    """The changes to append, all or none, and what the author should be told about them."""

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def decide(
    states: Mapping[str, State],
    environment: str | None,
    command: Command,
    author: Author,
    last: Change | None = None,
) -> Decision:
    """The changes that `command` comes to.

    Args:
        states: every environment.
        environment: the one that the command is for; `Apply` names its own.
        last: for `Undo`, the newest entry of that environment that touches the flag.

    Raises:
        CommandError: it cannot be done; the code says which kind of no it is.
    """
    if isinstance(command, Apply):
        drafts, notes = applied(states, command.file, command.environment, command.kind,
                                prune=command.prune)  # fmt: skip
    else:
        if environment is None or environment not in states:
            raise unknown("environment", environment or "", states)
        draft, notes = _single(states, environment, command, last)
        drafts = [draft]
    return Decision(
        tuple(seal(draft, states[draft.environment].head, author) for draft in drafts if draft),
        tuple(notes),
    )


def seal(draft: Draft, head: Head, author: Author) -> Change:
    """The draft as the entry after `head`, chained to it."""
    change = Change(
        environment=draft.environment,
        epoch=head.epoch,
        version=head.version + 1,
        kind=draft.kind,
        at=max(author.at, head.at),  # a clock that was set back does not turn history around
        actor=author.actor,
        reason=author.reason,
        flags=draft.flags,
        segments=draft.segments,
    )
    return chain(change, head.hash)


def _single(
    states: Mapping[str, State],
    environment: str,
    command: SetState | Ramp | Undo,
    last: Change | None,
) -> tuple[Draft, list[str]]:
    match command:
        case SetState(key, state):
            return switched(states[environment], key, state)
        case Ramp(key, percent, variant):
            return ramped(states[environment], key, percent, variant)
        case Undo(key):
            return undone(states, environment, key, last)
