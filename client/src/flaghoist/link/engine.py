"""The lookup of a client, made when it is first needed, and not by importing `flaghoist`.

Rules: nothing heavy is imported with this module. The evaluator and what it stands on cost 60 ms
to import; the link's thread pays that, while the application goes on and gets its defaults.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flaghoist.link.forking import ForkGate

if TYPE_CHECKING:
    from collections.abc import Callable

    from flaghoist.lookup import Lookup
    from flaghoist.snapshot import Snapshot

__all__ = ["Engine"]


class Engine:
    """Makes one lookup, once, whichever thread asks first."""

    def __init__(self) -> None:
        self.lookup: Lookup | None = None
        """There, once it was loaded."""
        self.on_load: Callable[[], None] = lambda: None
        self._module: Any = None
        self._gate = ForkGate()

    @property
    def compiled(self) -> bool:
        """Whether the lookup is compiled code; `False` also while it is not loaded."""
        file = getattr(self._module, "__file__", None) or ".py"
        return not file.endswith(".py")

    @property
    def flags_loaded(self) -> bool:
        """There are flags to evaluate."""
        return self.lookup is not None and self.lookup.snapshot.loaded

    def give(self, snapshot: Snapshot, taken: Callable[[], bool]) -> Snapshot | None:
        """Let the lookup see this snapshot, if `taken` says so. The one before it, or `None`.

        Between the question and the change nobody else gives one.
        """
        lookup = self.load()
        with self._gate:
            if not taken():
                return None
            before = lookup.snapshot
            lookup._swap(snapshot)
        return before

    def load(self) -> Lookup:
        """The lookup, made if need be."""
        if self.lookup is None:
            with self._gate:
                if self.lookup is None:  # nobody was faster
                    self._module = import_module("flaghoist.lookup")
                    self.lookup = self._module.Lookup()
                    self.on_load()
        return self.lookup
