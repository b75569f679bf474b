"""Who or what a flag is evaluated for: a targeting key and attributes.

An attribute is found by its name or by a dotted path into nested mappings; a name that has dots
itself is found first. `None` is the same as *absent*.
"""

from __future__ import annotations

from collections.abc import Mapping

from flaghoist.errors import InvalidContext

__all__ = ["NOTHING", "TARGETING_KEY", "Context", "find_attribute"]

TARGETING_KEY = "targeting_key"

NOTHING: dict[str, object] = {}
"""The attributes of a context that has none."""


class Context:
    """An evaluation context: `Context("user-42", plan="pro", address={"country": "NL"})`.

    A context is not changed once it is made. Its `repr` shows the names of the attributes and
    no values, so that a log line cannot give away who a user is.
    """

    __slots__ = ("attributes", "targeting_key")

    targeting_key: object
    attributes: dict[str, object]

    def __init__(self, targeting_key: object = None, /, **attributes: object) -> None:
        if targeting_key is None and TARGETING_KEY in attributes:
            targeting_key = attributes[TARGETING_KEY]
        self.targeting_key = targeting_key
        self.attributes = attributes

    @staticmethod
    def of(source: object) -> Context:
        """The context that a targeting key, a mapping, a context or `None` stands for.

        Raises:
            InvalidContext: it is nothing of the kind, or a mapping that cannot be read.
        """
        if isinstance(source, Context):
            return source
        context = Context()
        if isinstance(source, Mapping):
            context.attributes = source if type(source) is dict else _read(source)
            context.targeting_key = context.attributes.get(TARGETING_KEY)
        elif isinstance(source, (str, int)) and not isinstance(source, bool):
            context.targeting_key = source
        elif source is not None:
            raise InvalidContext(
                f"a context of type {type(source).__name__}; pass a targeting key, a mapping or a Context"
            )
        return context

    def get(self, path: str) -> object:
        """The attribute at a dotted path; `None` if there is none."""
        return find_attribute(path, self.targeting_key, self.attributes)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Context)
            and self.targeting_key == other.targeting_key
            and self.attributes == other.attributes
        )

    def __hash__(self) -> int:
        return hash((self.targeting_key, frozenset(self.attributes)))

    def __repr__(self) -> str:
        return f"<Context of {', '.join(map(str, self.attributes)) or 'no attributes'}>"


def find_attribute(path: str, targeting_key: object, attributes: dict[str, object]) -> object:
    """The attribute of this name, or at this dotted path; `None` if there is none."""
    found = attributes.get(path)
    if found is not None:
        return found
    if path == TARGETING_KEY:
        return targeting_key
    if "." not in path:
        return None
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
        raise InvalidContext(f"the mapping given as a context cannot be read: {error!r}") from error
