"""The hot path: what an application calls to look up a flag.

Rules: nothing here waits, raises, locks or does I/O. A lookup reads one reference, finds a
compiled flag, picks an outcome and adds one to its tally. Everything out of the ordinary (an
unknown flag, another type, an evaluation that fails) is settled in `_settle`, from the start.

Pinning and overriding cost nothing to those who do not use them. A lookup reads its flags through
a *view*. There are two: the plain one, whose table is the snapshot's, and the careful one, whose
table is empty and knows how to find what is missing in it: it asks for overrides and for a pin
of this thread or task. A lookup changes to the careful view when it pins or overrides for the
first time, and stays with it. So a new snapshot, written to the plain view, never undoes a pin.

A client *has* a lookup and hands out its bound methods as attributes of its own
(`self.is_enabled = self._lookup.is_enabled`). Inherited by a plain Python class they would cost
half as much again: CPython's quick call of a compiled method wants an object of exactly the class
that defines it. Flag on, compiled, in bare calls: 1.3 on a `Lookup` itself, 1.6 as an attribute,
1.9 inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any, TypeVar, overload

from flaghoist.errors import InvalidContext
from flaghoist.evaluation.choosers import Constant
from flaghoist.evaluation.compiled import CompiledFlag
from flaghoist.evaluation.context import Context, attributes_of
from flaghoist.evaluation.counters import Counters
from flaghoist.evaluation.outcome import Outcome, fresh
from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason
from flaghoist.evaluation.settle import absent, failed, settle
from flaghoist.snapshot import Snapshot

__all__ = ["ContextLike", "Lookup", "Override", "Pin"]

ContextLike = str | Mapping[str, object] | Context | None
"""What an application may give as a context."""

T = TypeVar("T")


class _View:
    """Where a lookup reads flags from."""

    __slots__ = ("flags",)

    flags: dict[Any, CompiledFlag]

    def __init__(self, flags: dict[Any, CompiledFlag]) -> None:
        self.flags = flags


class _CarefulTable(dict):  # type: ignore[type-arg]
    """A table that is always empty, so that each flag is found with overrides and pins in mind."""

    def __init__(self, owner: Lookup) -> None:
        super().__init__()
        self.owner = owner

    def __missing__(self, key: Any) -> CompiledFlag:
        flag = self.owner._find(key)
        if flag is None:
            raise KeyError(key)
        return flag


class Lookup:
    """Looks up flags in a snapshot that somebody else swaps."""

    def __init__(self, counters: Counters | None = None) -> None:
        self.counters = Counters() if counters is None else counters
        self._snapshot = Snapshot.empty(self.counters)
        self._plain = _View(self._snapshot.flags)
        self._view = self._plain
        self._overrides: dict[Any, CompiledFlag] = {}
        self._layers: list[dict[Any, CompiledFlag]] = []
        self._pin: ContextVar[Pin | None] = ContextVar("flaghoist_pin", default=None)

    @property
    def snapshot(self) -> Snapshot:
        """What the client knows now."""
        return self._snapshot

    def _swap(self, snapshot: Snapshot) -> None:
        """Let every lookup from now on see this snapshot."""
        self._snapshot = snapshot
        self._plain.flags = snapshot.flags

    @overload
    def is_enabled(self, key: str) -> bool: ...
    @overload
    def is_enabled(self, key: str, context: ContextLike, default: bool = ...) -> bool: ...
    @overload
    def is_enabled(self, key: str, *, default: bool) -> bool: ...
    def is_enabled(self, key: object, context: object = None, default: object = False) -> bool:
        """Whether a boolean flag is on for this context.

        `default` is the answer if there is no such flag, if it is not boolean, if its
        evaluation fails, or if it is off and names no off variant. Never raises, never waits.
        """
        try:
            flag = self._view.flags[key]
            outcome = flag.fixed
            if outcome is None:
                outcome = flag.chooser.choose(context)
            if outcome.boolean:
                outcome.tally.hits += 1
                return outcome.on
            if outcome.absent:
                outcome.tally.hits += 1
                return default is True
        except Exception:  # noqa: S110, BLE001 - whatever it was, it is settled below
            pass
        try:
            return self._settle(key, context, default, True).value is True
        except Exception:  # noqa: BLE001 - the stack is full, or memory: nothing more can be done
            return default is True

    @overload
    def value(self, key: str, context: ContextLike = ...) -> Any: ...
    @overload
    def value(self, key: str, context: ContextLike = ..., *, default: T) -> T: ...
    @overload
    def value(self, key: str, context: ContextLike, default: T) -> T: ...
    def value(self, key: object, context: object = None, default: object = None) -> Any:
        """The value of a flag of any type for this context.

        `default` is the answer if there is no such flag, if its value is of another type than
        `default`, if its evaluation fails, or if it is off and names no off variant. `None`
        fits every type. Never raises, never waits.
        """
        try:
            flag = self._view.flags[key]
            outcome = flag.fixed
            if outcome is None:
                outcome = flag.chooser.choose(context)
            if outcome.plain and (default is None or type(default) is outcome.kind):
                outcome.tally.hits += 1
                return outcome.value
            if outcome.absent:
                outcome.tally.hits += 1
                return default
        except Exception:  # noqa: S110, BLE001 - whatever it was, it is settled below
            pass
        try:
            return self._settle(key, context, default, False).value
        except Exception:  # noqa: BLE001 - the stack is full, or memory: nothing more can be done
            return default

    @overload
    def evaluate(self, key: str, context: ContextLike = ...) -> Evaluation: ...
    @overload
    def evaluate(self, key: str, context: ContextLike = ..., *, default: object) -> Evaluation: ...
    @overload
    def evaluate(self, key: str, context: ContextLike, default: object) -> Evaluation: ...
    def evaluate(self, key: object, context: object = None, default: object = None) -> Evaluation:
        """The value of a flag, and why it is that. Never raises, never waits."""
        try:
            flag = self._view.flags[key]
            outcome = flag.fixed
            if outcome is None:
                outcome = flag.chooser.choose(context)
            if outcome.plain and (default is None or type(default) is outcome.kind):
                outcome.tally.hits += 1
                return outcome.told or outcome.tell()
        except Exception:  # noqa: S110, BLE001 - whatever it was, it is settled below
            pass
        try:
            return self._settle(key, context, default, False)
        except Exception:  # noqa: BLE001 - the stack is full, or memory: nothing more can be done
            return failed(default, ErrorCode.GENERAL, 0)

    def all(self, context: ContextLike = None) -> dict[str, Any]:
        """The value of every flag for this context, all from one snapshot; nothing is counted.

        Left out are flags without a value: those whose evaluation fails, and those that are off
        and name no off variant. Never raises, never waits.
        """
        values: dict[str, Any] = {}
        try:
            asked = _read_once(context)
            for key, flag in (self._pinned_snapshot().flags | self._overrides).items():
                _add_value(values, key, flag, asked)
        except Exception:  # noqa: BLE001, S110 - the stack is full, or memory: no more can be done
            pass
        return values

    def pinned(self) -> Pin:
        """Let all lookups in a `with` block see one snapshot, whatever comes in meanwhile.

        It holds for this thread or task, and for tasks that are started within the block, until
        the block is left. A pin within a pin keeps the snapshot of the outer one.
        """
        return Pin(self)

    def override(self, values: Mapping[str, object]) -> Override:
        """Give flags fixed values in a `with` block, in all threads; for tests above all."""
        return Override(self, values)

    def _find(self, key: Any) -> CompiledFlag | None:
        override = self._overrides.get(key)
        if override is not None:
            return override
        return self._pinned_snapshot().flags.get(key)

    def _pinned_snapshot(self) -> Snapshot:
        pin = self._pin.get()
        if pin is None or pin.snapshot is None:
            return self._snapshot
        return pin.snapshot

    def _be_careful(self) -> None:
        if self._view is self._plain:
            self._view = _View(_CarefulTable(self))

    def _settle(self, key: object, context: object, default: object, boolean: bool) -> Evaluation:
        """An evaluation that is out of the ordinary, counted."""
        if not isinstance(key, str):
            return failed(default, ErrorCode.FLAG_NOT_FOUND, 0)
        flag = self._find(key)
        if flag is None:
            self.counters.add_unknown(key)
            snapshot = self._pinned_snapshot()
            return absent(key, default, snapshot.loaded, snapshot.rejected)
        found = settle(flag, context, default, boolean)
        self.counters.tally(flag.key, found.variant or "").hits += 1
        return found


class Pin:
    """One snapshot for a `with` block; see `Lookup.pinned`."""

    def __init__(self, owner: Lookup) -> None:
        self.snapshot: Snapshot | None = None
        self._owner = owner
        self._token: Token[Pin | None] | None = None

    def __enter__(self) -> Snapshot:
        owner = self._owner
        owner._be_careful()
        self.snapshot = owner._pinned_snapshot()
        self._token = owner._pin.set(self)
        return self.snapshot

    def __exit__(self, *_: object) -> None:
        # A task that was started within the block sees this, too, and follows the flags again.
        self.snapshot = None
        try:
            if self._token is not None:
                self._owner._pin.reset(self._token)
        except ValueError:
            pass  # the block is left in another task than it was entered in


class Override:
    """Fixed values for a `with` block; see `Lookup.override`."""

    def __init__(self, owner: Lookup, values: Mapping[str, object]) -> None:
        self._owner = owner
        self._layer: dict[Any, CompiledFlag] = {
            key: _fixed(owner.counters, key, value) for key, value in values.items()
        }

    def __enter__(self) -> None:
        self._owner._layers.append(self._layer)
        self._publish()

    def __exit__(self, *_: object) -> None:
        self._owner._layers.remove(self._layer)
        self._publish()

    def _publish(self) -> None:
        owner = self._owner
        layers: list[dict[Any, CompiledFlag]] | None = None
        # Whoever finds that another thread has come or gone meanwhile does it again.
        while layers != owner._layers:
            layers = owner._layers.copy()
            merged: dict[Any, CompiledFlag] = {}
            for layer in layers:
                merged.update(layer)
            owner._overrides = merged
        owner._be_careful()


def _fixed(counters: Counters, key: str, value: object) -> CompiledFlag:
    outcome = Outcome(counters.tally(key, ""), value, None, Reason.STATIC)
    outcome.absent = False
    return CompiledFlag(key, 0, b"", Constant(outcome))


def _read_once(context: object) -> object:
    """The attributes of a context, or what is no context, which some flags can do without."""
    try:
        return attributes_of(context)
    except InvalidContext:
        return context


def _add_value(values: dict[str, Any], key: str, flag: CompiledFlag, context: object) -> None:
    try:
        outcome = flag.choose(context)
        if not outcome.absent:
            values[key] = fresh(outcome.value)
    except Exception:  # noqa: BLE001, S110 - a flag that fails has no value; the others have
        pass
