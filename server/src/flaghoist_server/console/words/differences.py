"""What a change did to a flag, in sentences: "default: on 5 % → 25 %".

The sentences are for people who skim a history; the documents themselves stand beside them on the
page, so nothing is lost where a sentence only says that something changed.
"""

from __future__ import annotations

import difflib
from typing import Any

import msgspec

from flaghoist.model.flag import Flag, Rule, Serve
from flaghoist_server.console.words.conditions import condition, serving
from flaghoist_server.console.words.quantities import percent

__all__ = ["differences", "documents_diff"]

_PLAIN = (
    "description",
    "owner",
    "kind",
    "expires",
    "type",
    "off_variant",
    "bucket_by",
    "salt",
    "hash",
)


def differences(before: Flag | None, after: Flag | None) -> list[str]:
    """What is different between two documents of one flag, most telling first."""
    if before is None or after is None:
        return ["flag added"] if after else ["flag removed"]
    lines = []
    if before.state != after.state:
        lines.append(f"state: {before.state} → {after.state}")
    if _written(before.default) != _written(after.default):
        lines.append(f"default: {_moved(before.default, after.default)}")
    lines += _rules(before.rules, after.rules)
    lines += _targets(before.targets, after.targets)
    if before.requires != after.requires:
        lines.append("requirements changed")
    if before.variants != after.variants:
        lines.append("variants changed")
    lines += [_plain(name, before, after) for name in _PLAIN if _differs(name, before, after)]
    if before.tags != after.tags:
        lines.append(f"tags: {', '.join(after.tags) or 'none'}")
    return lines or ["nothing that can be seen"]


def documents_diff(before: bytes | None, after: bytes | None) -> list[str]:
    """Lines of a unified diff of the two documents, laid out for reading."""
    lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=2)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _lines(document: bytes | None) -> list[str]:
    return msgspec.json.format(document, indent=2).decode().splitlines() if document else []


def _differs(name: str, before: Flag, after: Flag) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _plain(name: str, before: Flag, after: Flag) -> str:
    was, now = getattr(before, name), getattr(after, name)
    return f"{name.replace('_', ' ')}: {was or 'none'} → {now or 'none'}"


def _written(part: Rule | Serve | None) -> bytes:
    """As it is written: the order of a split is meaning, which `==` on dictionaries overlooks."""
    return msgspec.json.encode(part)


def _moved(before: Serve | None, after: Serve | None) -> str:
    """Which shares moved; of two that mirror each other, one is enough."""
    if not (isinstance(before, dict) or isinstance(after, dict)):
        return f"{serving(before, None)} → {serving(after, None)}"
    was, now = _split(before), _split(after)
    names = [name for name in now | was if was.get(name, 0) != now.get(name, 0)]
    if not names:
        return serving(after, None)
    shown = names[:1] if len(names) == 2 else names
    return ", ".join(
        f"{name} {percent(was.get(name, 0))} → {percent(now.get(name, 0))}" for name in shown
    )


def _split(serve: Serve | None) -> dict[str, float]:
    if serve is None:
        return {}
    return {serve: 100} if isinstance(serve, str) else serve


def _named(rules: list[Rule]) -> dict[str, Rule]:
    return {rule.name or f"rule {place}": rule for place, rule in enumerate(rules, start=1)}


def _rules(before: list[Rule], after: list[Rule]) -> list[str]:
    was, now = _named(before), _named(after)
    lines = [f"{name} added: {condition(now[name].when)}" for name in now if name not in was]
    lines += [f"{name} removed" for name in was if name not in now]
    both = [name for name in now if name in was]
    lines += [
        _rule(name, was[name], now[name])
        for name in both
        if _written(was[name]) != _written(now[name])
    ]
    if not lines and before != after:
        lines.append("rules put into another order")
    return lines


def _rule(name: str, before: Rule, after: Rule) -> str:
    if _written(before.serve) != _written(after.serve):
        return f"{name}: {_moved(before.serve, after.serve)}"
    if before.when != after.when:
        return f"{name}: now {condition(after.when)}"
    return f"{name}: bucketing changed"


def _targets(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    lines = []
    for variant in sorted({*before, *after}):
        was, now = set(before.get(variant, ())), set(after.get(variant, ()))
        if was != now:
            lines.append(f"targets of {variant}: {len(now - was)} added, {len(was - now)} removed")
    return lines
