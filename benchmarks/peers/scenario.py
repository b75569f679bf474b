"""What every SDK is asked: three flags, five thousand users, and which answers are right.

    on     serves everyone the same
    ten    on for 10 % of the users
    rules  on in NL or BE, else from version 4.2.0 on, else for @example.com, else for 10 %

Everyone is asked with the same user, key and three attributes, whether the flag needs them or
not: an application hands over whom it has. That user passes the first two rules by and is caught
by the third, so that a set, a semantic version and a suffix are looked at, and no hash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CASES", "USER", "Sdk", "User", "check", "users"]

CASES = ("on", "ten", "rules")
USERS = 5_000


@dataclass(frozen=True)
class User:
    """A targeting key and attributes."""

    key: str
    country: str
    version: str
    email: str

    @property
    def attributes(self) -> dict[str, str]:
        """All but the key."""
        return {"country": self.country, "version": self.version, "email": self.email}


USER = User("user-42", "US", "4.1.0", "user-42@example.com")


@dataclass
class Sdk:
    """One SDK, loaded with the flags.

    `calls` holds the public call of each case as source code, timed with `names` around it;
    `ask` gives the answer of a case for any user; `close` ends its threads.
    """

    calls: dict[str, str]
    names: dict[str, Any]
    ask: Callable[[str, User], object]
    close: Callable[[], object] = lambda: None
    note: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    """More calls of the same SDK, by a name for the table."""


def users() -> list[User]:
    """Users of whom two thirds are caught by a rule."""
    countries = ["US", "NL", "DE", "BE", "FR", "IN", "BR", "JP"]
    return [
        User(
            f"user-{number}",
            countries[number % 8],
            f"4.{number // 8 % 4}.{number % 11}",
            f"user-{number}@{'example.com' if number % 5 == 0 else 'other.org'}",
        )
        for number in range(USERS)
    ]


def caught(user: User) -> bool:
    """Whether one of the three rules holds for the user."""
    minor = int(user.version.split(".")[1])
    return user.country in ("NL", "BE") or minor >= 2 or user.email.endswith("@example.com")


def check(sdk: Sdk) -> str:
    """What is wrong with the SDK's answers; an empty text if they are right, and the same twice."""
    everyone = users()
    for case in sdk.calls:
        answers = [bool(sdk.ask(case, user)) for user in everyone]
        if answers != [bool(sdk.ask(case, user)) for user in everyone]:
            return f"{case}: another answer at the second time"
        answered = list(zip(answers, everyone, strict=True))
        sure = [got for got, user in answered if _sure(case, user)]
        rest = [got for got, user in answered if not _sure(case, user)]
        if not all(sure):
            return f"{case}: {sure.count(False)} users without the flag who should have it"
        share = sum(rest) / len(rest) if rest else 0.1
        if not 0.08 < share < 0.12:
            return f"{case}: {share:.1%} of those whom no rule catches, not 10 %"
    if "rules" in sdk.calls and not sdk.ask("rules", USER):
        return "rules: the timed user is not caught"
    return ""


def _sure(case: str, user: User) -> bool:
    """Whether the user has the flag whatever their bucket."""
    return case == "on" or (case == "rules" and caught(user))
