"""Statsig's core in Rust, fed from a data store, without network and without logging."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.peers.scenario import USER, Sdk, User
from statsig_python_core import (
    FeatureGateEvaluationOptions,
    Statsig,
    StatsigOptions,
    StatsigUser,
)
from statsig_python_core.data_store import DataStore, DataStoreResponse

CONDITIONS = {
    "public": {"type": "public"},
    "country": {
        "type": "user_field",
        "operator": "any",
        "field": "country",
        "targetValue": ["NL", "BE"],
    },
    "version": {
        "type": "user_field",
        "operator": "version_gte",
        "field": "appVersion",
        "targetValue": "4.2.0",
    },
    "email": {
        "type": "user_field",
        "operator": "str_ends_with_any",
        "field": "email",
        "targetValue": ["@example.com"],
    },
}


def _rule(condition: str, percentage: int) -> dict[str, Any]:
    return {
        "name": condition,
        "id": condition,
        "salt": condition,
        "passPercentage": percentage,
        "conditions": [condition],
        "returnValue": True,
        "idType": "userID",
    }


def _gate(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "feature_gate",
        "entity": "feature_gate",
        "salt": name,
        "enabled": True,
        "defaultValue": False,
        "idType": "userID",
        "isDeviceBased": False,
        "rules": rules,
    }


GATES = {
    "on": _gate("on", [_rule("public", 100)]),
    "ten": _gate("ten", [_rule("public", 10)]),
    "rules": _gate(
        "rules",
        [_rule("country", 100), _rule("version", 100), _rule("email", 100), _rule("public", 10)],
    ),
}
SPECS = {
    "has_updates": True,
    "time": 1,
    "company_id": "none",
    "response_format": "dcs-v2",
    "feature_gates": GATES,
    "dynamic_configs": {},
    "layer_configs": {},
    "condition_map": {
        name: {
            "additionalValues": {},
            "idType": "userID",
            "targetValue": None,
            "operator": None,
            "field": None,
            **condition,
        }
        for name, condition in CONDITIONS.items()
    },
    "experiment_to_layer": {},
}


class Given(DataStore):
    """A data store that holds the specs."""

    def get(self, key: str) -> DataStoreResponse:  # noqa: ARG002 - whatever is asked for
        """The specs."""
        return DataStoreResponse(result=json.dumps(SPECS), time=1)


def _user(user: User) -> StatsigUser:
    return StatsigUser(user.key, country=user.country, app_version=user.version, email=user.email)


def load() -> Sdk:
    """A client with the gates."""
    options = StatsigOptions(
        data_store=Given(),
        disable_network=True,
        disable_all_logging=True,
        enable_id_lists=False,
        wait_for_country_lookup_init=False,
        wait_for_user_agent_init=False,
        output_log_level="none",
    )
    statsig = Statsig("secret-none", options)
    statsig.initialize().wait()
    quiet = FeatureGateEvaluationOptions(disable_exposure_logging=True)

    def ask(case: str, user: User) -> object:
        return statsig.check_gate(_user(user), case, quiet)

    return Sdk(
        calls={case: f"statsig.check_gate(user, {case!r}, quiet)" for case in GATES},
        names={"statsig": statsig, "user": _user(USER), "quiet": quiet},
        ask=ask,
        close=lambda: statsig.shutdown().wait(),
    )
