"""A client without a server, whose flags depend on who asks, for tests of the integrations."""

from __future__ import annotations

from typing import Any

from flaghoist import Client
from flaghoist.testing import client_of

__all__ = ["FLAG", "flip", "shop_client"]

FLAG = "new-checkout"


def _file(default: str) -> dict[str, Any]:
    return {
        "flaghoist": 1,
        "flags": {
            FLAG: {
                "type": "boolean",
                "environments": {
                    "production": {
                        "state": "on",
                        "rules": [{"when": {"attribute": "plan", "in": ["pro"]}, "serve": "on"}],
                        "default": default,
                    }
                },
            }
        },
    }


def shop_client() -> Client:
    """`FLAG` is on for the plan "pro" and off for others."""
    return client_of(_file("off"))


def flip(client: Client) -> None:
    """Let `FLAG` be on for everyone, as a change from a server would."""
    client._holding.adopt(client_of(_file("on")).snapshot, "server")
