"""PostHog with local evaluation of given definitions: no polling, no events."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from posthog import Posthog


def _group(share: int, *properties: dict[str, Any]) -> dict[str, Any]:
    return {"properties": list(properties), "rollout_percentage": share, "variant": None}


def _property(key: str, operator: str, value: object) -> dict[str, Any]:
    return {"key": key, "operator": operator, "value": value, "type": "person"}


GROUPS = {
    "on": [_group(100)],
    "ten": [_group(10)],
    "rules": [
        _group(100, _property("country", "exact", ["NL", "BE"])),
        _group(100, _property("version", "semver_gte", "4.2.0")),
        _group(100, _property("email", "regex", r"@example\.com$")),
        _group(10),
    ],
}
FLAGS = [
    {"id": number, "key": key, "active": True, "filters": {"groups": groups}}
    for number, (key, groups) in enumerate(GROUPS.items())
]


def load() -> Sdk:
    """A client with the definitions."""
    client = Posthog("none", host="http://127.0.0.1:9", enable_local_evaluation=False, send=False)
    client.feature_flags = FLAGS
    local = {"only_evaluate_locally": True, "send_feature_flag_events": False}

    def ask(case: str, user: User) -> object:
        properties = user.attributes
        return client.feature_enabled(case, user.key, person_properties=properties, **local)

    call = "client.feature_enabled({!r}, 'user-42', person_properties=attributes, **local)"
    return Sdk(
        calls={case: call.format(case) for case in CASES},
        names={"client": client, "attributes": USER.attributes, "local": local},
        ask=ask,
        close=client.shutdown,
    )
