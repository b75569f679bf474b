"""Unleash, whose evaluator is in Rust, with features from its cache and without network."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache


def _strategy(percent: int, *constraints: dict[str, Any]) -> dict[str, Any]:
    rollout = {"rollout": str(percent), "stickiness": "userId", "groupId": "group"}
    return {"name": "flexibleRollout", "parameters": rollout, "constraints": list(constraints)}


def _feature(name: str, *strategies: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": "release", "enabled": True, "strategies": list(strategies)}


FEATURES = {
    "version": 2,
    "features": [
        _feature("on", {"name": "default", "parameters": {}}),
        _feature("ten", _strategy(10)),
        _feature(
            "rules",
            _strategy(100, {"contextName": "country", "operator": "IN", "values": ["NL", "BE"]}),
            _strategy(
                100,
                {
                    "contextName": "version",
                    "operator": "SEMVER_LT",
                    "value": "4.2.0",
                    "inverted": True,
                },
            ),
            _strategy(
                100,
                {"contextName": "email", "operator": "STR_ENDS_WITH", "values": ["@example.com"]},
            ),
            _strategy(10),
        ),
    ],
}


def _context(user: User) -> dict[str, Any]:
    return {"userId": user.key, "properties": user.attributes}


def load() -> Sdk:
    """A client with the features."""
    cache = FileCache("flaghoist-benchmark")
    cache.bootstrap_from_dict(FEATURES)
    client = UnleashClient(
        "http://127.0.0.1:9/api",
        "benchmark",
        cache=cache,
        disable_metrics=True,
        disable_registration=True,
    )
    client.initialize_client(fetch_toggles=False)

    def ask(case: str, user: User) -> object:
        return client.is_enabled(case, _context(user))

    return Sdk(
        calls={case: f"client.is_enabled({case!r}, user)" for case in CASES},
        names={"client": client, "user": _context(USER)},
        ask=ask,
        close=client.destroy,
    )
