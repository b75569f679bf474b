"""What a flag does now, in one short phrase, one shape and one colour.

Theory: people who look at a list at three in the morning ask *who gets it?*. So the phrase (which
is the API's too) speaks of what is served, not of the switch: a flag that is switched on and serves
its off variant to everyone reads as off. The shape says the same as the colour, for those who do
not see the colour.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flaghoist.model.flag import Flag
from flaghoist_server.api.effective import effective as phrase
from flaghoist_server.console.words.quantities import percent

__all__ = ["Effective", "effective", "featured", "shares", "variants_of"]

_SHAPES = {"on": "●", "off": "○", "kill": "■"}
_SHARE_SHAPES = ((37.5, "◔"), (62.5, "◑"), (100.0, "◕"))


class Effective(msgspec.Struct, frozen=True):
    """The state in words; `tone` is one of `on`, `part`, `off`, `kill`."""

    tone: str
    mark: str
    text: str


def variants_of(flag: Flag) -> dict[str, Any]:
    """The variants, also of a boolean flag that leaves them out."""
    return flag.variants or ({"on": True, "off": False} if flag.type == "boolean" else {})


def shares(flag: Flag) -> dict[str, float]:
    """What `default` serves, as percentages by variant in the order written."""
    if flag.default is None:
        return {flag.off_variant: 100.0} if flag.off_variant else {}
    return {flag.default: 100.0} if isinstance(flag.default, str) else dict(flag.default)


def featured(flag: Flag) -> str:
    """The variant that a ramp is about: the true one, else the first but the off variant."""
    variants = variants_of(flag)
    split = [*shares(flag), *variants]
    if flag.type == "boolean":
        return next((name for name in split if variants.get(name) is True), "on")
    return next((name for name in split if name != flag.off_variant), "")


def effective(flag: Flag, *, killed: bool = False) -> Effective:
    """What `flag` does for most people now."""
    tone = _tone(flag, killed=killed)
    share = shares(flag).get(featured(flag), 0.0)
    mark = _SHAPES.get(tone) or _share_shape(share)
    if tone == "part" and flag.type != "boolean":
        return Effective(tone, mark, f"{featured(flag)} for {percent(share)}")
    return Effective(tone, mark, phrase(flag, killed=killed))


def _tone(flag: Flag, *, killed: bool) -> str:
    if flag.state == "off":
        return "kill" if killed else "off"
    share = shares(flag).get(featured(flag), 0.0)
    if share >= 100:
        return "on"
    if share > 0 or (flag.type == "boolean" and (flag.rules or flag.targets)):
        return "part"
    return "off"


def _share_shape(share: float) -> str:
    return next(shape for below, shape in _SHARE_SHAPES if share <= below)
