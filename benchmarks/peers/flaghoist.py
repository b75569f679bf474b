"""Ours, compiled or pure as the environment has it installed; every evaluation is counted."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers.scenario import CASES, USER, Sdk, User

from flaghoist import Client, Context

TEN_PERCENT = {"on": 10, "off": 90}


def _rule(attribute: str, operator: str, *values: str) -> dict[str, Any]:
    return {"when": {"attribute": attribute, operator: list(values)}, "serve": "on"}


def _flag(**behaviour: Any) -> dict[str, Any]:
    return {"type": "boolean", "environments": {"production": behaviour}}


FLAGS: dict[str, Any] = {
    "on": _flag(default="on"),
    "ten": _flag(default=TEN_PERCENT),
    "rules": _flag(
        default=TEN_PERCENT,
        rules=[
            _rule("country", "in", "NL", "BE"),
            _rule("version", "semver_gte", "4.2.0"),
            _rule("email", "ends_with", "@example.com"),
        ],
    ),
}


def _context(user: User) -> Context:
    return Context(user.key, **user.attributes)


def load() -> Sdk:
    """A client with the flags."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "flags.json")
        file.write_text(json.dumps({"flaghoist": 1, "flags": FLAGS}))
        client = Client.from_file(file)
    client.close()  # flags stay; nothing looks for the file any more

    def ask(case: str, user: User) -> object:
        return client.is_enabled(case, _context(user))

    return Sdk(
        calls={case: f"client.is_enabled({case!r}, user)" for case in CASES},
        names={"client": client, "user": _context(USER)},
        ask=ask,
        extra={
            f"{case}, with a key alone": f"client.is_enabled({case!r}, 'user-42')"
            for case in ("on", "ten")
        },
    )
