"""Eppo 4, the fastest peer: a core in Rust, configured with a document, no polling."""

from __future__ import annotations

import json
from typing import Any

import eppo_client
from benchmarks.peers.scenario import CASES, USER, Sdk, User
from eppo_client import AssignmentLogger, ClientConfig, Configuration


def _everyone(key: str, on: int, salt: str) -> dict[str, Any]:
    def split(variation: str, start: int, end: int) -> dict[str, Any]:
        ranges = [{"start": start, "end": end}]
        return {"variationKey": variation, "shards": [{"salt": salt, "ranges": ranges}]}

    splits = (
        [split("on", 0, on), split("off", on, 10_000)]
        if on < 10_000
        else [{"variationKey": "on", "shards": []}]
    )
    return {"key": key, "splits": splits, "doLog": False}


def _rule(key: str, attribute: str, operator: str, value: object) -> dict[str, Any]:
    condition = {"attribute": attribute, "operator": operator, "value": value}
    splits = [{"variationKey": "on", "shards": []}]
    return {"key": key, "rules": [{"conditions": [condition]}], "splits": splits, "doLog": False}


def _flag(key: str, allocations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "key": key,
        "enabled": True,
        "variationType": "BOOLEAN",
        "variations": {"on": {"key": "on", "value": True}, "off": {"key": "off", "value": False}},
        "totalShards": 10_000,
        "allocations": allocations,
    }


FLAGS = {
    "on": _flag("on", [_everyone("all", 10_000, "on")]),
    "ten": _flag("ten", [_everyone("all", 1_000, "ten")]),
    "rules": _flag(
        "rules",
        [
            _rule("country", "country", "ONE_OF", ["NL", "BE"]),
            _rule("version", "version", "GTE", "4.2.0"),
            _rule("email", "email", "MATCHES", "@example\\.com$"),
            _everyone("all", 1_000, "rules"),
        ],
    ),
}


class NoLog(AssignmentLogger):
    """Assignments are not logged: `doLog` is off."""


def load() -> Sdk:
    """A client with the flags."""
    document = {
        "createdAt": "2026-01-01T00:00:00Z",
        "format": "SERVER",
        "environment": {"name": "test"},
        "flags": FLAGS,
    }
    configuration = Configuration(flags_configuration=json.dumps(document).encode())
    client = eppo_client.init(
        ClientConfig(
            api_key="none",
            assignment_logger=NoLog(),
            initial_configuration=configuration,
            poll_interval_seconds=None,
        )
    )

    def ask(case: str, user: User) -> object:
        return client.get_boolean_assignment(case, user.key, user.attributes, False)

    call = "client.get_boolean_assignment({!r}, 'user-42', attributes, False)"
    return Sdk(
        calls={case: call.format(case) for case in CASES},
        names={"client": client, "attributes": USER.attributes},
        ask=ask,
        close=client.shutdown,
    )
