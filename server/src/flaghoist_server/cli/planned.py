"""A saved plan: what shall be applied, and the state that it was made against.

`flaghoist plan --out PLAN` writes one, `flaghoist apply PLAN` carries it out, and the server
refuses it when any environment has moved since: what was reviewed is what happens, or nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from flaghoist_server.cli.applying import Wanted
from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed
from flaghoist_server.cli.files import write

__all__ = ["FORMAT", "Plan", "read_plan", "write_plan"]

FORMAT = 1
"""The newest format of a saved plan that this release reads, and the one that it writes."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`positions` has (epoch, version) by environment; `environment` narrows the plan to one."""

    flaghoist_plan: int
    file: dict[str, Any]
    positions: dict[str, tuple[str, int]]
    environment: str | None = None
    prune: bool = False

    def wanted(self, name: str) -> Wanted:
        """What is to be applied, against that state and no other; `name` is the plan's file."""

        def outdated(failure: CommandFailed) -> CommandFailed:
            if failure.details.get("status") != HTTPStatus.PRECONDITION_FAILED:
                return failure
            return CommandFailed(
                f"{name} is out of date and nothing is changed ({failure.message}); "
                f"make it anew: flaghoist plan FILE --out {name}",
                details=failure.details,
            )

        return Wanted(self.file, self.environment, self.prune, self.positions, outdated)


def read_plan(text: bytes, name: str) -> Plan | None:
    """The plan in this text; None where it is none, but perhaps a flag file.

    Raises: CommandFailed, when it is a plan that cannot be read.
    """
    if b'"flaghoist_plan"' not in text[:100]:
        return None
    try:
        plan = msgspec.json.decode(text, type=Plan)
    except msgspec.MsgspecError as error:
        raise CommandFailed(
            f"{name}: this plan cannot be read: {error}; make it anew", BAD_INPUT
        ) from error
    if plan.flaghoist_plan > FORMAT:
        raise CommandFailed(
            f"{name}: this plan has format {plan.flaghoist_plan}, newer than this Flaghoist reads"
            f" ({FORMAT}); make it anew, or take a newer Flaghoist",
            BAD_INPUT,
        )
    return plan


def write_plan(plan: Plan, target: str) -> None:
    """Write it to a file. Raises: CommandFailed."""
    write(target, msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")
