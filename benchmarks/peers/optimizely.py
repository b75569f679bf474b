"""Optimizely with a datafile, no polling, and decisions that send no event."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from optimizely import optimizely
from optimizely.decision.optimizely_decide_option import OptimizelyDecideOption

EVERYONE, TEN_PERCENT = 10_000, 1_000


def _rule(key: str, share: int, audiences: list[str]) -> dict[str, Any]:
    variation = {"id": f"{key}-on", "key": "on", "featureEnabled": True, "variables": []}
    return {
        "id": key,
        "key": key,
        "layerId": key,
        "status": "Running",
        "variations": [variation],
        "trafficAllocation": [{"entityId": f"{key}-on", "endOfRange": share}],
        "audienceIds": audiences,
        "forcedVariations": {},
    }


def _audience(name: str, *conditions: dict[str, str]) -> dict[str, Any]:
    tests = [{"type": "custom_attribute", "name": name, **test} for test in conditions]
    return {"id": name, "name": name, "conditions": ["or", *tests]}


RULES = {
    "on": [_rule("on-all", EVERYONE, [])],
    "ten": [_rule("ten-all", TEN_PERCENT, [])],
    "rules": [
        _rule("rules-country", EVERYONE, ["country"]),
        _rule("rules-version", EVERYONE, ["version"]),
        _rule("rules-email", EVERYONE, ["email"]),
        _rule("rules-all", TEN_PERCENT, []),
    ],
}
DATAFILE: dict[str, Any] = {
    "version": "4",
    "revision": "1",
    "projectId": "1",
    "accountId": "1",
    "anonymizeIP": True,
    "botFiltering": False,
    "sendFlagDecisions": False,
    "variables": [],
    "events": [],
    "experiments": [],
    "groups": [],
    "integrations": [],
    "attributes": [{"id": name, "key": name} for name in ("country", "version", "email")],
    "audiences": [],
    "typedAudiences": [
        _audience("country", {"match": "exact", "value": "NL"}, {"match": "exact", "value": "BE"}),
        _audience("version", {"match": "semver_ge", "value": "4.2.0"}),
        # It has no test for an ending; for these users "contains" comes to the same.
        _audience("email", {"match": "substring", "value": "@example.com"}),
    ],
    "rollouts": [{"id": f"{key}-rollout", "experiments": rules} for key, rules in RULES.items()],
    "featureFlags": [
        {"id": key, "key": key, "rolloutId": f"{key}-rollout", "experimentIds": [], "variables": []}
        for key in RULES
    ],
}


def load() -> Sdk:
    """A client with the datafile."""
    client = optimizely.Optimizely(
        datafile=json.dumps(DATAFILE),
        default_decide_options=[OptimizelyDecideOption.DISABLE_DECISION_EVENT],
    )
    timed = client.create_user_context(USER.key, USER.attributes)

    def ask(case: str, user: User) -> object:
        return client.create_user_context(user.key, user.attributes).decide(case).enabled

    return Sdk(
        calls={case: f"user.decide({case!r}).enabled" for case in CASES},
        names={"user": timed},
        ask=ask,
        close=client.close,
    )
