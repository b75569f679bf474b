"""How far a change has come, in words: the receipt of a flag's newest version."""

from __future__ import annotations

import msgspec

from flaghoist_server.console.words.quantities import count, plural

__all__ = ["Receipt", "receipt"]


class Receipt(msgspec.Struct, frozen=True):
    """What the bar beneath the controls says; `tone` is a colour class."""

    tone: str
    text: str


def receipt(version: int, connected: int, applied: int, slowest_s: float | None = None) -> Receipt:
    """The receipt of `version`: `applied` of the `connected` SDKs have it."""
    if not connected:
        return Receipt("off", f"No SDK is connected; the next one gets v {count(version)}")
    verb = "has" if connected == 1 else "have"
    said = f"{count(applied)} of {plural(connected, 'SDK')} {verb} applied v {count(version)}"
    if applied < connected:
        return Receipt("part", f"◔ {said} · waiting for {count(connected - applied)}")
    slowest = "" if slowest_s is None else f" · slowest {_duration(slowest_s)}"
    return Receipt("on", f"✓ {said}{slowest}")


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
