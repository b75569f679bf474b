"""A flag's effective state in one phrase: what most people get, not what the switch says. Pure."""

from __future__ import annotations

from flaghoist.model.flag import Flag

__all__ = ["effective"]


def effective(flag: Flag, *, killed: bool = False) -> str:
    """`ON`, `ON for 25 %`, `ON by 2 rules`, `OFF`, `KILLED`, or the variant that is served."""
    if flag.state == "off":
        return "KILLED" if killed else "OFF"
    shares = _shares(flag)
    return _boolean(flag, shares) if flag.type == "boolean" else _other(shares)


def _shares(flag: Flag) -> dict[str, float]:
    """What the default serves, as percentages above 0, in the order written."""
    serve = flag.default if flag.default is not None else flag.off_variant
    split = {serve: 100.0} if isinstance(serve, str) else dict(serve or {})
    return {name: share for name, share in split.items() if share > 0}


def _boolean(flag: Flag, shares: dict[str, float]) -> str:
    variants = flag.variants or {"on": True, "off": False}
    share = sum(part for name, part in shares.items() if variants.get(name) is True)
    if share >= 100:
        return "ON"
    if share > 0:
        return f"ON for {_percent(share)}"
    ways = len(flag.rules) + bool(flag.targets)
    return f"ON by {ways} rule{'' if ways == 1 else 's'}" if ways else "OFF"


def _other(shares: dict[str, float]) -> str:
    if not shares:
        return "the caller's default"
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{name} for {_percent(share)}" for name, share in shares.items())


def _percent(share: float) -> str:
    return f"{share:.3f}".rstrip("0").rstrip(".") + " %"
