"""LaunchDarkly with its data source for files, events off."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User
from ldclient import Config, Context, LDClient
from ldclient.integrations import Files

TEN_PERCENT = {
    "rollout": {
        "contextKind": "user",
        "variations": [{"variation": 0, "weight": 10_000}, {"variation": 1, "weight": 90_000}],
    }
}


def _rule(name: str, attribute: str, op: str, values: list[str], negate: bool = False) -> Any:
    clause = {"attribute": attribute, "op": op, "values": values, "negate": negate}
    return {"id": name, "variation": 0, "clauses": [{**clause, "contextKind": "user"}]}


def _flag(key: str, fallthrough: dict[str, Any], rules: list[Any]) -> dict[str, Any]:
    return {
        "key": key,
        "version": 1,
        "on": True,
        "offVariation": 1,
        "variations": [True, False],
        "salt": key,
        "prerequisites": [],
        "targets": [],
        "rules": rules,
        "fallthrough": fallthrough,
    }


FLAGS = {
    "on": _flag("on", {"variation": 0}, []),
    "ten": _flag("ten", TEN_PERCENT, []),
    "rules": _flag(
        "rules",
        TEN_PERCENT,
        [
            _rule("country", "country", "in", ["NL", "BE"]),
            _rule("version", "version", "semVerLessThan", ["4.2.0"], negate=True),
            _rule("email", "email", "endsWith", ["@example.com"]),
        ],
    ),
}


def _context(user: User) -> Context:
    builder = Context.builder(user.key)
    for name, value in user.attributes.items():
        builder.set(name, value)
    return builder.build()


def load() -> Sdk:
    """A client with the flags."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "flags.json")
        file.write_text(json.dumps({"flags": FLAGS}))
        source = Files.new_data_source(paths=[str(file)])
        client = LDClient(Config("none", update_processor_class=source, send_events=False))

    def ask(case: str, user: User) -> object:
        return client.variation(case, _context(user), False)

    return Sdk(
        calls={case: f"client.variation({case!r}, user, False)" for case in CASES},
        names={"client": client, "user": _context(USER)},
        ask=ask,
        close=client.close,
    )
