"""`ramp`: one variant's share of the default, the others sharing the rest as before.

Shares are counted in thousandths of a percent, the unit of the buckets, so that they add up to
100 exactly. The order of a split says which buckets belong to which variant, so it is kept: a
variant at the beginning or at the end of the order keeps everyone it had when it is raised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from flaghoist.model.digest import BOOLEAN_VARIANTS
from flaghoist.model.flag import Flag
from flaghoist_server.change.change import Edit
from flaghoist_server.change.draft import CommandError, Draft, flag_document, named_flag
from flaghoist_server.change.effect import effect_notes
from flaghoist_server.change.state import State

__all__ = ["ramped", "split"]

_WHOLE = 100_000
"""100 % in thousandths of a percent."""


def ramped(
    state: State, key: str, percent: float, variant: str | None = None
) -> tuple[Draft, list[str]]:
    """The edit that gives `variant` this share of the default of flag `key`, and notes.

    Raises:
        CommandError: no such flag or variant, no such percentage, or nobody to give the rest to.
    """
    before, flag = named_flag(state, key)
    chosen = _variant(key, flag, variant)
    shares = split(_shares(key, flag, chosen), chosen, _thousandths(percent), flag.off_variant)
    after_flag = replace(flag, default={name: _percent(share) for name, share in shares.items()})
    after = flag_document(key, after_flag)
    edits = {key: Edit.of(before, after)} if after != before else {}
    notes = effect_notes(state, key, after_flag) + _order_notes(list(shares), chosen)
    return Draft(state.head.environment, "ramp", edits), notes


def split(
    shares: Mapping[str, int], variant: str, share: int, off_variant: str | None = None
) -> dict[str, int]:
    """`shares` with `share` for `variant` and the rest in proportion, in the same order.

    Where the others had nothing, the rest goes to the off variant, else to all of them equally.
    """
    others = {name: weight for name, weight in shares.items() if name != variant}
    if not any(others.values()):
        others = {name: int(off_variant in (name, None)) for name in others}
    if not any(others.values()):
        others = dict.fromkeys(others, 1)
    rest = dict(zip(others, _apportion(_WHOLE - share, list(others.values())), strict=True))
    return {name: share if name == variant else rest[name] for name in shares}


def _apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in parts proportional to `weights`, by largest remainders: the sum is exact."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda i: total * weights[i] % whole, reverse=True
    )
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _variant(key: str, flag: Flag, variant: str | None) -> str:
    variants = _variants(flag)
    if variant is not None:
        if variant not in variants:
            raise CommandError(f"flag {key!r} has no variant {variant!r}; it has {_list(variants)}")
        return variant
    if "on" in variants:
        return "on"
    true = [name for name, value in variants.items() if value is True]
    if len(true) == 1:
        return true[0]
    raise CommandError(f"flag {key!r} has no variant 'on': name one of {_list(variants)}")


def _shares(key: str, flag: Flag, variant: str) -> dict[str, int]:
    """The default as a split in thousandths; a single variant becomes a split of two."""
    if isinstance(flag.default, dict):
        shares = {name: round(percent * 1000) for name, percent in flag.default.items()}
        return shares if variant in shares else {variant: 0, **shares}
    other = _other(key, flag, variant)
    return {variant: _WHOLE, other: 0} if flag.default == variant else {variant: 0, other: _WHOLE}


def _other(key: str, flag: Flag, variant: str) -> str:
    """Who gets the rest beside a default that was no split: default, off variant, only other."""
    for name in (flag.default, flag.off_variant):
        if isinstance(name, str) and name != variant:
            return name
    others = [name for name in _variants(flag) if name != variant]
    if len(others) == 1:
        return others[0]
    raise CommandError(
        f"flag {key!r} does not say who gets the rest: "
        f"give `default` as percentages of {_list(_variants(flag))} in a flag file"
    )


def _variants(flag: Flag) -> dict[str, Any]:
    return flag.variants or (BOOLEAN_VARIANTS if flag.type == "boolean" else {})


def _thousandths(percent: float) -> int:
    if not (math.isfinite(percent) and 0 <= percent <= 100):
        raise CommandError(f"a percentage is from 0 to 100, not {percent!r}")
    share = round(percent * 1000)
    if abs(share / 1000 - percent) > 1e-9:
        raise CommandError(f"a percentage has up to 3 decimals, not {percent!r}")
    return share


def _percent(share: int) -> float:
    return share // 1000 if share % 1000 == 0 else share / 1000


def _order_notes(order: Sequence[str], variant: str) -> list[str]:
    if variant in (order[0], order[-1]):
        return []
    note = "stands between other variants in the split, so its range moves: some may lose it"
    return [f"{variant!r} {note}"]


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, names))
