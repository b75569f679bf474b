"""Who or what a flag is evaluated for: a targeting key and attributes.

An attribute is found by its name, or by a dotted path into nested mappings; a name that has dots
in it is found first. `None` is the same as *absent*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flaghoist.errors import InvalidContext

__all__ = ["TARGETING_KEY", "Context"]

TARGETING_KEY: Final = "targeting_key"


class Context:
    """An evaluation context: `Context("user-42", plan="pro", address={"country": "NL"})`.

    It is not to be changed once it is made. Its `repr` has the names of the attributes and no
    value, so that a log line cannot give away who a user is.
    """

    __slots__ = ("attributes", "targeting_key")

    targeting_key: object
    attributes: dict[str, object]

    def __init__(self, targeting_key: object = None, /, **attributes: object) -> None:
        if TARGETING_KEY in attributes:
            named = attributes.pop(TARGETING_KEY)
            if targeting_key is None:
                targeting_key = named
        self.targeting_key = targeting_key
        self.attributes = attributes

    @staticmethod
    def of(source: object) -> Context:
        """The context that a targeting key, a mapping, a context or `None` stands for.

        A mapping that is a `dict` is used itself, not copied.

        Raises:
            InvalidContext: it is nothing of the kind, or a mapping that cannot be read.
        """
        if isinstance(source, Context):
            return source
        context = Context()
        if isinstance(source, str):
            context.targeting_key = source
        elif isinstance(source, dict):
            context.attributes = source
            context.targeting_key = source.get(TARGETING_KEY)
        elif isinstance(source, Mapping):
            context.attributes = _read(source)
            context.targeting_key = context.attributes.get(TARGETING_KEY)
        elif isinstance(source, int) and not isinstance(source, bool):
            context.targeting_key = source
        elif source is not None:
            kind = type(source).__name__
            raise InvalidContext(f"{kind} is no context; pass text, a mapping or a Context")
        return context

    def get(self, path: str) -> object:
        """The attribute of this name, or at this dotted path; `None` if there is none."""
        found = self.attributes.get(path)
        if found is not None:
            return found
        if path == TARGETING_KEY:
            return self.targeting_key
        return _at(path, self.attributes) if "." in path else None

    def __repr__(self) -> str:
        return f"<Context of {', '.join(map(str, self.attributes)) or 'no attributes'}>"


def _at(path: str, attributes: Mapping[str, object]) -> object:
    here: object = attributes
    for name in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(name)
    return here


def _read(source: Mapping[str, object]) -> dict[str, object]:
    try:
        return dict(source)
    except Exception as error:  # a foreign mapping may raise anything
        raise InvalidContext(f"a mapping that cannot be read ({type(error).__name__})") from error
