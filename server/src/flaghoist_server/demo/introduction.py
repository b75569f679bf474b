"""What the demo says first: where the page is, and commands to copy. Pure.

The address and the token are given once, as variables: commands that carried both were longer than
a line, and what is read is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Introduction"]


@dataclass(frozen=True)
class Introduction:
    """The addresses, the token, and how the command is called here."""

    command: str
    url: str
    token: str
    shop: str
    server_pid: int

    def places(self) -> Sequence[tuple[str, str, str]]:
        """What there is to open: name, address or secret, and what it is for."""
        return (
            ("page", f"{self.url}/", "sign in with the token"),
            ("token", self.token, "an administrator's; it ends with the demo"),
            ("shop", f"{self.shop}/checkout?user=user-42", "as user-42 sees it"),
        )

    def variables(self) -> Sequence[str]:
        """What tells the commands where the server is and who asks; once in each terminal."""
        return (f"export FLAGHOIST_URL={self.url}", f"export FLAGHOIST_TOKEN={self.token}")

    def steps(self) -> Sequence[tuple[str, str]]:
        """What to try then, in this order: why, and the command."""
        call = self.command
        return (
            (
                "a quarter of the users get it; the receipt says when every process has it",
                f"{call} ramp new-checkout 25 -e production --wait 5",
            ),
            (
                "something is wrong: stop it everywhere, now",
                f"{call} kill new-checkout -e production --wait 5 --reason 'carts are empty'",
            ),
            (
                "found it, fixed it: back to before the kill",
                f"{call} undo new-checkout -e production --wait 5",
            ),
            (
                "why does user-42 get what they get?",
                f"{call} eval new-checkout -e production --context user-42",
            ),
            (
                "the server dies and no process minds; the demo starts it again",
                f"kill -9 {self.server_pid}",
            ),
        )
