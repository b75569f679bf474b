"""flagd's in-process provider for OpenFeature, with flags from a file."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers.openfeature_memory import _context
from benchmarks.peers.scenario import CASES, USER, Sdk, User
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType

TEN_PERCENT = {"fractional": [["on", 10], ["off", 90]]}


def _flag(targeting: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    return {**flag, "targeting": targeting} if targeting else flag


FLAGS = {
    "on": _flag(None),
    "ten": _flag(TEN_PERCENT),
    "rules": _flag(
        {
            "if": [
                {"in": [{"var": "country"}, ["NL", "BE"]]},
                "on",
                {"sem_ver": [{"var": "version"}, ">=", "4.2.0"]},
                "on",
                {"ends_with": [{"var": "email"}, "@example.com"]},
                "on",
                TEN_PERCENT,
            ]
        }
    ),
}


def load() -> Sdk:
    """A client of the provider."""
    folder = tempfile.TemporaryDirectory()
    file = Path(folder.name, "flags.json")
    file.write_text(json.dumps({"flags": FLAGS}))
    provider = FlagdProvider(
        resolver_type=ResolverType.FILE,
        offline_flag_source_path=str(file),
    )
    api.set_provider_and_wait(provider)
    client = api.get_client()

    def ask(case: str, user: User) -> object:
        return client.get_boolean_value(case, False, _context(user))

    def close() -> None:
        api.shutdown()
        folder.cleanup()

    return Sdk(
        calls={case: f"client.get_boolean_value({case!r}, False, user)" for case in CASES},
        names={"client": client, "user": _context(USER)},
        ask=ask,
        close=close,
    )
