"""A compiled flag: what a snapshot holds of each flag."""

from __future__ import annotations

from flaghoist.evaluation.choosers import Chooser, Constant
from flaghoist.evaluation.native import mypyc_attr
from flaghoist.evaluation.outcome import Outcome

__all__ = ["CompiledFlag"]


@mypyc_attr(acyclic=True)
class CompiledFlag:
    """A flag in one environment, ready to be asked."""

    __slots__ = ("chooser", "depth", "document", "fixed", "key", "version", "weight")

    key: str
    version: int
    document: bytes
    """What it was compiled from."""
    chooser: Chooser
    fixed: Outcome | None
    """The outcome, if it is the same for everyone: then nobody needs to be asked."""
    depth: int
    """How many flags deep it requires others, itself counted."""
    weight: int
    """Of how many parts it consists, those of its segments and required flags counted."""

    def __init__(self, key: str, version: int, document: bytes, chooser: Chooser) -> None:
        self.key = key
        self.version = version
        self.document = document
        self.chooser = chooser
        self.fixed = chooser.outcome if isinstance(chooser, Constant) else None
        self.depth = 1
        self.weight = 1

    def choose(self, context: object) -> Outcome:
        """How the flag comes out for what an application gives as a context.

        Raises:
            InvalidContext: it is no context.
        """
        return self.chooser.choose(context)
