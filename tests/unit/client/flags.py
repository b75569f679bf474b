"""Flags, snapshots and lookups for tests, made of documents written as Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flaghoist.lookup import Lookup
from flaghoist.snapshot import Snapshot

Document = dict[str, Any]

VECTORS = Path(__file__).parents[2] / "vectors"

ON: Document = {"off_variant": "off", "default": "on"}
OFF: Document = {"state": "off", "off_variant": "off", "default": "on"}


def raw(document: Document) -> bytes:
    """A document as it is stored and sent."""
    return json.dumps(document).encode()


def snapshot_of(
    flags: Mapping[str, Document], segments: Mapping[str, Document] | None = None, **more: Any
) -> Snapshot:
    """A snapshot at version 1; `more` goes to `Snapshot.of`."""
    return Snapshot.of(
        "production",
        "epoch",
        1,
        {key: (1, raw(flag)) for key, flag in flags.items()},
        {name: raw(segment) for name, segment in (segments or {}).items()},
        **more,
    )


def lookup_of(
    flags: Mapping[str, Document], segments: Mapping[str, Document] | None = None
) -> Lookup:
    """A lookup in a snapshot of these flags, all of which can be used."""
    lookup = Lookup()
    snapshot = snapshot_of(flags, segments, counters=lookup.counters)
    assert snapshot.rejected == {}
    lookup._swap(snapshot)
    return lookup


def vectors(name: str) -> dict[str, Any]:
    """A file of golden vectors."""
    content: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    return content
