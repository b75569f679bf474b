"""Overrides as text, as they stand in `FLAGHOIST_OVERRIDES`: `new-checkout=off,theme=dark`.

A value is read as a person means it: `on`, `off`, `true` and `false` are booleans, a number is a
number, what starts with `{` or `[` is JSON (commas inside it do not separate), anything else is
text. To give a text that looks like another type, quote it: `theme="on"`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["parse_overrides"]

_JSON_BEGINS = '{["-0123456789'
_WORDS = {"on": True, "true": True, "off": False, "false": False}


def parse_overrides(text: str) -> dict[str, Any]:
    """The fixed values by flag key. What is no `key=value` is left out: it is no reason to fail."""
    overrides = {}
    for part in _split(text):
        key, equals, value = part.partition("=")
        if equals and key.strip():
            overrides[key.strip()] = _value(value.strip())
    return overrides


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if text[:1] not in _JSON_BEGINS or not text:
        return text
    import json  # noqa: PLC0415 - few overrides need it, and an import costs all programs

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _split(text: str) -> list[str]:
    """At the commas that are outside of brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for place, character in enumerate(text):
        if character == '"' and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
        elif character == "," and depth <= 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return parts
