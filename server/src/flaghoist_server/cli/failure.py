"""How a command fails: one clear sentence for people, and the exit code of the contract.

0 done, 1 refused or failed, 2 wrong usage or bad input. `130` is what a shell gives for Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["BAD_INPUT", "INTERRUPTED", "REFUSED", "CommandFailed"]

REFUSED = 1
BAD_INPUT = 2
INTERRUPTED = 130


class CommandFailed(Exception):
    """Ends a command: `message` says what is wrong and what to do.

    `details` is added to the error that `--json` prints, for programs. `says_where`: each line of
    the message begins with `file:line:column:`, so that editors find the place.
    """

    def __init__(
        self,
        message: str,
        exit_code: int = REFUSED,
        details: Mapping[str, Any] | None = None,
        *,
        says_where: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.details = dict(details or {})
        self.says_where = says_where
