"""Who or what a flag is evaluated for: a targeting key and attributes.

To what evaluates a flag, a context is one dictionary, the attributes; the targeting key is one of
them, named `targeting_key`. So a dictionary that an application passes is used as it is, and
nothing is made of it. An attribute is found by its name, or by a dotted path into nested
mappings; a name that has dots in it is found first. `None` is the same as *absent*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flaghoist.errors import InvalidContext
from flaghoist.evaluation.native import mypyc_attr

__all__ = ["TARGETING_KEY", "Attributes", "Context", "attributes_of", "find_attribute"]

TARGETING_KEY: Final = "targeting_key"

Attributes = dict[str, object]


@mypyc_attr(allow_interpreted_subclasses=True, serializable=True)
class Context:
    """An evaluation context: `Context("user-42", plan="pro", address={"country": "NL"})`.

    It is not to be changed once it is made. Its `repr` has the names of the attributes and no
    value, so that a log line cannot give away who a user is.
    """

    __slots__ = ("attributes", "targeting_key")

    targeting_key: object
    attributes: Attributes
    """All of them, the targeting key among them."""

    # Its first parameter could not be called targeting_key: compiled, that would be one keyword
    # with the attribute of this name (mypyc 2.4).
    def __init__(self, _key: object = None, /, **attributes: object) -> None:
        if _key is not None:
            attributes[TARGETING_KEY] = _key
        self.targeting_key = attributes.get(TARGETING_KEY)
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
        context.attributes = attributes_of(source)
        context.targeting_key = context.attributes.get(TARGETING_KEY)
        return context

    def get(self, path: str) -> object:
        """The attribute of this name, or at this dotted path; `None` if there is none."""
        return find_attribute(self.attributes, path)

    def __repr__(self) -> str:
        return f"<Context of {', '.join(map(str, self.attributes)) or 'no attributes'}>"


def attributes_of(source: object) -> Attributes:
    """The attributes of what an application gives as a context. A `dict` is used itself.

    Raises:
        InvalidContext: it is no context, or a mapping that cannot be read.
    """
    # Another class of dictionary may find its items in a way of its own, so it is read.
    if type(source) is dict:
        return source
    if isinstance(source, Context):
        return source.attributes
    if isinstance(source, str):
        return {TARGETING_KEY: source}
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return _read(source)
    # A bool is an int in Python; nobody means True as a targeting key.
    if isinstance(source, int) and not isinstance(source, bool):
        return {TARGETING_KEY: source}
    raise InvalidContext(
        f"{type(source).__name__} is no context; pass text, a mapping or a Context"
    )


def find_attribute(attributes: Attributes, path: str) -> object:
    """The attribute of this name, or at this dotted path; `None` if there is none."""
    found = attributes.get(path)
    return _at(attributes, path) if found is None and "." in path else found


def _at(attributes: Mapping[str, object], path: str) -> object:
    here: object = attributes
    for name in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(name)
    return here


def _read(source: Mapping[str, object]) -> Attributes:
    try:
        return dict(source)
    except Exception as error:  # a foreign mapping may raise anything
        raise InvalidContext(f"a mapping that cannot be read ({type(error).__name__})") from error
