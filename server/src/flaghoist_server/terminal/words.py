"""How states, durations and receipts are said on a terminal. Pure."""

from __future__ import annotations

__all__ = ["mark", "name_of", "receipt", "seconds", "tone"]

_TONES = {"■": "red", "○": "bright_black", "●": "green", "◔": "yellow"}


def mark(effective: str) -> str:
    """The sign before a state in words, so that it can be told apart without colour."""
    if effective.startswith("KILLED"):
        return "■"
    if effective in ("OFF", "the caller's default"):
        return "○"
    return "◔" if " for " in effective or " by " in effective else "●"


def tone(effective: str) -> str:
    """The colour of a state: it says the same as its mark."""
    return _TONES[mark(effective)]


def seconds(value: float) -> str:
    """A duration with the digits that matter: `4.1 ms`, `380 ms`, `2.4 s`."""
    if value < 0.00995:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def receipt(connected: int, applied: int, took: float) -> str:
    """What became of a change: how many of the SDKs that were connected have applied it."""
    if connected == 0:
        return "no SDK was connected"
    have = "SDK has" if connected == 1 else "SDKs have"
    if applied >= connected:
        return f"{applied} of {connected} {have} applied it, in {seconds(took)}"
    return f"only {applied} of {connected} {have} applied it after {seconds(took)}"


def name_of(actor: str) -> str:
    """An actor's name without the token's id, which tells a person nothing.

    >>> name_of("on-call (wopori1d3bw5)")
    'on-call'
    >>> name_of("mira (direct)")  # past the server, with no token: that is worth knowing
    'mira (direct)'
    """
    return actor if actor.endswith(" (direct)") else actor.partition(" (")[0]
