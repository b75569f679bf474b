"""Text on a terminal: what a cell of a table is, what is safe to show, and who wants colour.

Rules: text from outside (keys, reasons, names) is never read as markup, and its control characters
are shown, not obeyed.
"""

from __future__ import annotations

import os
import re
from typing import IO

__all__ = ["Cell", "clean", "is_terminal", "wants_colour"]

Cell = str | tuple[str, str]
"""A text, or a text and its colour."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    r"""The text on one line, control characters written out (`\x1b`): it may come from anyone.

    >>> clean("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person watches this stream on something that can move the cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_colour(stream: IO[str]) -> bool:
    """Colour is for terminals, unless NO_COLOR says otherwise (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")
