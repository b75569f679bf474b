"""A filter for `logging`: which variants, at which version, a line was written under.

    handler.addFilter(FlagsFilter("new-checkout", "theme"))
    logging.Formatter("%(message)s [%(flags)s]")     # Order taken [new-checkout=on theme=dark]

The context is the request's (see the middlewares), or none. Looking is not counted as an
evaluation, and what cannot be evaluated is left out.
"""

from __future__ import annotations

import logging

from flaghoist.client import Client
from flaghoist.process import flags

__all__ = ["FlagsFilter"]


class FlagsFilter(logging.Filter):
    """Gives each record `flags` (text, `key=variant` each) and `flags_version`. Drops none."""

    def __init__(self, *keys: str, client: Client = flags) -> None:
        super().__init__()
        self._keys = keys
        self._client = client

    def filter(self, record: logging.LogRecord) -> bool:
        version, variants = self._client.peek(self._keys)
        record.flags = " ".join(f"{key}={variant}" for key, variant in variants.items())
        record.flags_version = version
        return True
