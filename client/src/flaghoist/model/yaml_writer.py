"""YAML for people: a flag file laid out as one would write it by hand.

The frame of the file is in blocks; a condition, a split or a list of tags that fits on its line
stands on it. Text is left plain where YAML 1.2 reads it as text (so `on` stays `on`), and is in
double quotes elsewhere. Needs no library, and what it writes `yaml_text` reads back unchanged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from flaghoist.model.yaml_scalars import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["to_yaml"]

_WIDTH = 100

# The values of these keys, and the members of those values, are always in blocks.
_FRAME = {"segments", "flags", "environments", "rules"}

# Nothing here has a meaning in YAML, in blocks or inside brackets, at the start or later.
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@()+ -]*(?<! )")

# YAML §7.4.2: a longer key has to say that it is one.
_SIMPLE_KEY = 1000

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def to_yaml(file: Mapping[str, Any]) -> str:
    """A flag file as YAML 1.2 text, with a newline at the end."""
    return "\n".join(_mapping(file, 0, frame=True)) + "\n"


def _mapping(members: Mapping[str, Any], indent: int, *, frame: bool) -> Iterator[str]:
    """The lines of a mapping. `frame`: its members are in blocks where they can be."""
    for key, value in members.items():
        start = " " * indent + _key(key)
        if not isinstance(value, dict | list) or not value:
            yield f"{start} {_flow(value)}"
            continue
        inner = key in _FRAME
        line = f"{start} {_flow(value)}"
        if not inner and not frame and len(line) <= _WIDTH:
            yield line
            continue
        yield start
        if isinstance(value, dict):
            yield from _mapping(value, indent + 2, frame=inner)
        else:
            yield from _sequence(value, indent + 2, frame=inner)


def _sequence(items: list[Any], indent: int, *, frame: bool) -> Iterator[str]:
    start = " " * indent + "- "
    for item in items:
        line = start + _flow(item)
        if not item or not isinstance(item, dict | list) or (not frame and len(line) <= _WIDTH):
            yield line
            continue
        if isinstance(item, dict):
            lines = _mapping(item, indent + 2, frame=False)
        else:
            lines = _sequence(item, indent + 2, frame=False)
        yield start + next(lines).lstrip(" ")
        yield from lines


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        members = (f"{_key(key)} {_flow(inner)}" for key, inner in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _key(key: str) -> str:
    text = _scalar(key)
    return f"{text}:" if len(text) < _SIMPLE_KEY else f"? {text} :"


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if _PLAIN.fullmatch(value) and plain_value(value) == value:
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\U{ord(character):08x}"
