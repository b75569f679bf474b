"""The receipt in words."""

from __future__ import annotations

import pytest

from flaghoist_server.console.words.receipts import receipt


@pytest.mark.parametrize(
    ("connected", "applied", "slowest", "tone", "text"),
    [
        (120, 120, 0.041, "on", "✓ 120 of 120 SDKs have applied v 4,812 · slowest 41 ms"),
        (120, 120, None, "on", "✓ 120 of 120 SDKs have applied v 4,812"),
        (120, 118, None, "part", "◔ 118 of 120 SDKs have applied v 4,812 · waiting for 2"),
        (1, 1, 2.34, "on", "✓ 1 of 1 SDK has applied v 4,812 · slowest 2.3 s"),
        (0, 0, None, "off", "No SDK is connected; the next one gets v 4,812"),
    ],
)
def test_receipt(connected: int, applied: int, slowest: float | None, tone: str, text: str) -> None:
    """It tells how many have it, of how many, and whom it waits for."""
    found = receipt(4812, connected, applied, slowest)

    assert (tone, text) == (found.tone, found.text)
