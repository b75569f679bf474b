"""Names: which text may be one, and what to say when there is none of that name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flaghoist.model.limits import MAX_NAME_CHARS

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["KEY_FORM", "is_key", "is_label", "nearest", "one_of", "plain"]

KEY_FORM = f"1 to {MAX_NAME_CHARS} of a-z A-Z 0-9 . _ - /"

_is_key = re.compile(rf"[a-zA-Z0-9._/-]{{1,{MAX_NAME_CHARS}}}").fullmatch

# As many names as a reader takes in at a glance; of more only the nearest is named.
_LISTED = 12


def is_key(name: str) -> bool:
    """Whether the text may be a flag's key, or the name of a segment or an environment."""
    return _is_key(name) is not None


def is_label(name: str) -> bool:
    """Whether the text may be a variant's name: any printable text, for vendors allow any."""
    return 0 < len(name) <= MAX_NAME_CHARS and name.isprintable()


def nearest(name: str, names: Collection[str]) -> str | None:
    """The name that was probably meant."""
    # A mistake is rare, and this import would cost every start of every application 1 ms.
    from difflib import get_close_matches  # noqa: PLC0415 - see the line above

    return next(iter(get_close_matches(name, names, n=1, cutoff=0.6)), None)


def one_of(names: Collection[str], wrong: str, what: str) -> str:
    """What to expect in place of `wrong`: the names that there are, and the nearest of them."""
    if not names:
        return f"the name of a {what}, and there is none yet"
    meant = nearest(wrong, names)
    hint = f" (nearest: {plain(meant)})" if meant else ""
    if len(names) > _LISTED:
        return f"the name of a {what}{hint}"
    listed = sorted(names) if isinstance(names, (set, frozenset)) else names
    return f"{'one of ' if len(names) > 1 else ''}{', '.join(map(plain, listed))}{hint}"


def plain(name: str) -> str:
    """A name as a message can hold it: quoted and escaped unless it is printable as it is."""
    return name if name.isprintable() else repr(name)
