"""ConfigCat with a configuration from its cache, never fetched."""

from __future__ import annotations

import json
import time
from typing import Any

import configcatclient
from benchmarks.peers.scenario import CASES, USER, Sdk, User
from configcatclient import ConfigCatOptions, PollingMode
from configcatclient.configentry import ConfigEntry
from configcatclient.interfaces import ConfigCache
from configcatclient.user import User as ConfigCatUser


def _condition(attribute: str, comparator: int, **value: Any) -> dict[str, Any]:
    return {"c": [{"u": {"a": attribute, "c": comparator, **value}}], "s": {"v": {"b": True}}}


TEN_PERCENT = [{"p": 10, "v": {"b": True}}, {"p": 90, "v": {"b": False}}]
CONFIG = {
    "p": {"u": "https://localhost", "r": 0, "s": "none"},
    "f": {
        "on": {"t": 0, "v": {"b": True}},
        "ten": {"t": 0, "v": {"b": False}, "p": TEN_PERCENT},
        "rules": {
            "t": 0,
            "v": {"b": False},
            "r": [
                _condition("Country", 0, l=["NL", "BE"]),
                _condition("version", 9, s="4.2.0"),
                _condition("Email", 32, l=["@example.com"]),
            ],
            "p": TEN_PERCENT,
        },
    },
}


class Given(ConfigCache):
    """A cache that holds the configuration."""

    def get(self, key: str) -> str:  # noqa: ARG002 - whatever is asked for
        """The configuration, as of now."""
        return ConfigEntry(CONFIG, "etag", json.dumps(CONFIG), time.time()).serialize()

    def set(self, key: str, value: str) -> None:
        """Nothing is written."""


def _user(user: User) -> ConfigCatUser:
    custom = {"version": user.version}
    return ConfigCatUser(user.key, email=user.email, country=user.country, custom=custom)


def load() -> Sdk:
    """A client that polls by hand, that is never."""
    options = ConfigCatOptions(
        polling_mode=PollingMode.manual_poll(), config_cache=Given(), offline=True
    )
    client = configcatclient.get(
        "configcat-sdk-1/0000000000000000000000/0000000000000000000000", options
    )

    def ask(case: str, user: User) -> object:
        return client.get_value(case, False, _user(user))

    return Sdk(
        calls={case: f"client.get_value({case!r}, False, user)" for case in CASES},
        names={"client": client, "user": _user(USER)},
        ask=ask,
        close=client.close,
    )
