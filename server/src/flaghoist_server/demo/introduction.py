"""What the demo says first: where the page is, and commands to copy that work as they are. Pure."""

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

    def steps(self) -> Sequence[tuple[str, str]]:
        """What to try, in this order: why, and the command."""
        return (
            (
                "a quarter of the users get it; the receipt says when every process has it",
                self._call("ramp new-checkout 25 --wait 5"),
            ),
            (
                "something is wrong: stop it everywhere, now",
                self._call("kill new-checkout --wait 5 --reason 'carts are empty'"),
            ),
            (
                "found it, fixed it: back to before the kill",
                self._call("undo new-checkout --wait 5"),
            ),
            (
                "why does user-42 get what they get?",
                self._call("eval new-checkout --context user-42"),
            ),
            (
                "the server dies and no process minds; the demo starts it again",
                f"kill -9 {self.server_pid}",
            ),
        )

    def _call(self, what: str) -> str:
        return f"{self.command} {what} -e production --url {self.url} --token {self.token}"
