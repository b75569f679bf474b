"""What a command was meant for: a flag of this digest, an environment at this position."""

from __future__ import annotations

from collections.abc import Mapping

from flaghoist.model.digest import digest
from flaghoist_server.change.commands import CommandError
from flaghoist_server.change.state import Head, State
from flaghoist_server.store.port import Conflict

__all__ = ["PreconditionFailed", "check_match", "check_positions"]


class PreconditionFailed(Conflict):
    """The flag, or the environment, is not what the command was meant for."""

    def __init__(self, head: Head, what: str, current: str = "") -> None:
        super().__init__(head.environment, head)
        self.digest = current
        self.args = (f"{what}; {head.environment!r} is at version {head.version} now: look again",)


def check_match(state: State, key: str, if_match: str) -> None:
    """Raises: PreconditionFailed, unless flag `key` has one of the digests in `if_match`."""
    stored = state.flags.get(key)
    current = "" if stored is None else digest(stored.document)
    if if_match.strip() == "*":
        if stored is None:
            raise PreconditionFailed(state.head, f"there is no flag {key!r}")
        return
    wanted = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if current not in wanted:
        raise PreconditionFailed(state.head, f"flag {key!r} is another than was meant", current)


def check_positions(states: Mapping[str, State], positions: Mapping[str, tuple[str, int]]) -> None:
    """Raises: PreconditionFailed, unless every environment stands at its (epoch, version)."""
    for name, position in positions.items():
        state = states.get(name)
        if state is None:
            raise CommandError(f"there is no environment {name!r}", "unknown_environment")
        if (state.head.epoch, state.head.version) != position:
            raise PreconditionFailed(state.head, f"it was meant for version {position[1]}")
