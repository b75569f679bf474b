"""What is typed after a command, as the value that is meant, or a sentence on what can be."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import click

__all__ = ["ContextText", "Lifetime", "Number", "value_of"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Number(click.ParamType[Any]):
    """A number from `low` to `high`; a whole one, if those are."""

    name = "number"

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high
        self._whole = isinstance(low, int) and isinstance(high, int)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The text as a number."""
        try:
            number = int(value) if self._whole else float(value)
        except ValueError:
            number = math.nan
        if not self._low <= number <= self._high:
            kind = "whole number" if self._whole else "number"
            self.fail(f"{value!r} is no {kind} from {self._low:g} to {self._high:g}", param, ctx)
        return number


class Lifetime(click.ParamType[int]):
    """`90d`, `12h`, `30m` or `45s`, as seconds."""

    name = "lifetime"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The text as seconds."""
        found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", str(value))
        if not found:
            self.fail(f"{value!r} is no lifetime; write 90d, 12h, 30m or 45s", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class ContextText(click.ParamType[Any]):
    """A JSON object of attributes, or a targeting key as it is."""

    name = "context"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """The context as the API takes it."""
        if isinstance(value, dict):
            return value
        text = str(value)
        if not text.lstrip().startswith(("{", "[", '"')):
            return {"targeting_key": text}
        try:
            context = json.loads(text)
        except json.JSONDecodeError as error:
            self.fail(f"no JSON at character {error.pos + 1}; {_EXPECTED}", param, ctx)
        if isinstance(context, str):
            return {"targeting_key": context}
        if not isinstance(context, dict):
            self.fail(f"a context is no list; {_EXPECTED}", param, ctx)
        return context


_EXPECTED = 'expected \'{"targeting_key": "user-42", "plan": "pro"}\', or a targeting key alone'


def value_of(text: str) -> Any:
    """The JSON value that is written there; anything that is none is meant as a text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
