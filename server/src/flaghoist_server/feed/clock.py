"""The time as it stands in changes, and names for epochs: what the pure rooms are handed."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

__all__ = ["new_epoch", "utc_now"]


def utc_now() -> str:
    """UTC, RFC 3339 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_epoch() -> str:
    """A name that no epoch had before: 12 hex digits."""
    return secrets.token_hex(6)
