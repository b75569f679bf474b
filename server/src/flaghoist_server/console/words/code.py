"""How an application asks for a flag, as the line of Python to begin with."""

from __future__ import annotations

import msgspec

from flaghoist.model.flag import Flag
from flaghoist_server.console.words.states import variants_of

__all__ = ["asking"]


def asking(key: str, flag: Flag | None) -> str:
    """The call for `flag`: a question if it is a boolean one, else its value with a default.

    >>> asking("new-checkout", None)
    'if flags.is_enabled("new-checkout", "user-42"):\\n    …'
    """
    if flag is None or flag.type == "boolean":
        return f'if flags.is_enabled("{key}", "user-42"):\n    …'
    variants = variants_of(flag)
    default = variants.get(flag.off_variant or "", next(iter(variants.values()), None))
    written = "{}" if flag.type == "object" else msgspec.json.encode(default).decode()
    return f'value = flags.value("{key}", "user-42", default={written})'
