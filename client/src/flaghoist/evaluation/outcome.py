"""One way in which a flag can come out, made when the flag is compiled.

Everything that a lookup hands out is prepared here, so that a lookup only picks an outcome and
adds one to its tally.
"""

from __future__ import annotations

from flaghoist.evaluation.counters import Tally
from flaghoist.evaluation.result import Evaluation

__all__ = ["Outcome", "fresh"]


class Outcome:
    """A value with its reason, its tally, and what the callers' checks need to know of it."""

    __slots__ = (
        "absent",
        "boolean",
        "evaluation",
        "kind",
        "on",
        "plain",
        "tally",
        "value",
        "variant",
    )

    tally: Tally
    boolean: bool
    """`is_enabled` may serve it."""
    on: bool
    """The value, if it is boolean."""
    plain: bool
    """The value cannot be changed by whoever gets it, so that it is handed out itself."""
    kind: object
    """The type of the value: a default of this type fits without a closer look."""
    absent: bool
    """There is no value: the caller's default is served."""
    value: object
    variant: str | None
    evaluation: Evaluation

    def __init__(self, evaluation: Evaluation, tally: Tally, absent: bool) -> None:
        value: object = evaluation.value
        self.evaluation = evaluation
        self.tally = tally
        self.value = value
        self.variant = evaluation.variant
        self.absent = absent
        self.boolean = isinstance(value, bool)
        self.on = value is True
        self.plain = not isinstance(value, (dict, list))
        self.kind = type(value)


def fresh(value: object) -> object:
    """A copy of a JSON value that its receiver may change; snapshots are shared by all threads."""
    if isinstance(value, dict):
        return {name: fresh(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fresh(inner) for inner in value]
    return value
