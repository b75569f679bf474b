"""GrowthBook: an object per request, as web applications use it, and one object for everything."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from growthbook import GrowthBook

FEATURES: dict[str, Any] = {
    "on": {"defaultValue": True},
    "ten": {
        "defaultValue": False,
        "rules": [{"force": True, "coverage": 0.1, "hashAttribute": "id"}],
    },
    "rules": {
        "defaultValue": False,
        "rules": [
            {"condition": {"country": {"$in": ["NL", "BE"]}}, "force": True},
            {"condition": {"version": {"$vgte": "4.2.0"}}, "force": True},
            {"condition": {"email": {"$regex": "@example\\.com$"}}, "force": True},
            {"force": True, "coverage": 0.1, "hashAttribute": "id"},
        ],
    },
}


def _attributes(user: User) -> dict[str, str]:
    return {"id": user.key, **user.attributes}


def load() -> Sdk:
    """An object of the timed user, and one whose attributes are set for each request."""
    shared = GrowthBook(attributes=_attributes(USER), features=FEATURES)

    def ask(case: str, user: User) -> object:
        shared.set_attributes(_attributes(user))
        return shared.is_on(case)

    def per_request(case: str) -> str:
        return f"GrowthBook(attributes=attributes, features=features).is_on({case!r})"

    mine = GrowthBook(attributes=_attributes(USER), features=FEATURES)
    return Sdk(
        calls={case: f"mine.is_on({case!r})" for case in CASES},
        names={
            "mine": mine,
            "GrowthBook": GrowthBook,
            "attributes": _attributes(USER),
            "features": FEATURES,
        },
        ask=ask,
        extra={f"{case}, object per request": per_request(case) for case in CASES},
    )
