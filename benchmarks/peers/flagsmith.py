"""Flagsmith with local evaluation of an environment document; a call is its two public calls."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from flagsmith import Flagsmith


def _segment(number: int, name: str, operator: str, field: str, value: str) -> dict[str, Any]:
    condition = {"operator": operator, "property_": field, "value": value}
    any_of = {"type": "ANY", "rules": [], "conditions": [condition]}
    rules = [{"type": "ALL", "rules": [any_of], "conditions": []}]
    return {
        "id": number,
        "name": name,
        "rules": rules,
        "feature_states": [_state(3, "rules", True)],
    }


def _state(number: int, name: str, enabled: bool) -> dict[str, Any]:
    return {
        "feature": {"id": number, "name": name, "type": "STANDARD"},
        "enabled": enabled,
        "feature_state_value": None,
        "multivariate_feature_state_values": [],
        "django_id": number,
        "featurestate_uuid": f"00000000-0000-4000-8000-00000000000{number}",
    }


def _share(number: int, feature: int, name: str) -> dict[str, Any]:
    segment = _segment(number, f"ten of {name}", "PERCENTAGE_SPLIT", "", "10")
    return {**segment, "feature_states": [_state(feature, name, True)]}


ENVIRONMENT: dict[str, Any] = {
    "id": 1,
    "name": "benchmark",
    "api_key": "none",
    "project": {
        "id": 1,
        "name": "benchmark",
        "organisation": {
            "id": 1,
            "name": "benchmark",
            "feature_analytics": False,
            "stop_serving_flags": False,
            "persist_trait_data": False,
        },
        "hide_disabled_flags": False,
        "segments": [
            _segment(1, "country", "IN", "country", "NL,BE"),
            _segment(2, "version", "GREATER_THAN_INCLUSIVE", "version", "4.2.0:semver"),
            _segment(3, "email", "REGEX", "email", r".*@example\.com$"),
            _share(4, 3, "rules"),
            _share(5, 2, "ten"),
        ],
    },
    "feature_states": [_state(1, "on", True), _state(2, "ten", False), _state(3, "rules", False)],
}


class Given:
    """A handler that holds the environment document."""

    def get_environment(self) -> Any:
        """The document."""
        return ENVIRONMENT


def load() -> Sdk:
    """A client with the environment."""
    client = Flagsmith(offline_mode=True, offline_handler=Given())

    def ask(case: str, user: User) -> object:
        return client.get_identity_flags(user.key, user.attributes).is_feature_enabled(case)

    call = "client.get_identity_flags('user-42', traits).is_feature_enabled"
    return Sdk(
        calls={case: f"{call}({case!r})" for case in CASES},
        names={"client": client, "traits": dict(USER.attributes)},
        ask=ask,
    )
