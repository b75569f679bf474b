"""One way in which a flag can come out, made when the flag is compiled.

Everything that a lookup hands out is prepared here, so that a lookup only picks an outcome and
adds one to its tally. Only the `Evaluation` is made when it is first asked for: most never are,
and a tuple for each would double what there is for garbage collection to look at.
"""

from __future__ import annotations

from flaghoist.evaluation.counters import Tally
from flaghoist.evaluation.native import mypyc_attr
from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason

__all__ = ["Outcome", "fresh"]


@mypyc_attr(acyclic=True)
class Outcome:
    """A value with its reason, its tally, and what the callers' checks need to know of it."""

    __slots__ = (
        "absent",
        "boolean",
        "error",
        "kind",
        "on",
        "plain",
        "reason",
        "rule",
        "tally",
        "told",
        "value",
        "variant",
        "version",
    )

    tally: Tally
    value: object
    variant: str | None
    reason: Reason
    rule: str | None
    version: int
    error: ErrorCode | None
    absent: bool
    """There is no value: the caller's default is served."""
    boolean: bool
    """`is_enabled` may serve it."""
    on: bool
    """The value, if it is boolean."""
    plain: bool
    """The value cannot be changed by whoever gets it, so that it is handed out itself."""
    kind: object
    """The type of the value: a default of this type fits without a closer look."""
    told: Evaluation | None
    """`tell()`, once it was asked for."""

    def __init__(
        self,
        tally: Tally,
        value: object,
        variant: str | None,
        reason: Reason,
        rule: str | None = None,
        version: int = 0,
        error: ErrorCode | None = None,
    ) -> None:
        self.tally = tally
        self.value = value
        self.variant = variant
        self.reason = reason
        self.rule = rule
        self.version = version
        self.error = error
        self.absent = variant is None
        self.boolean = isinstance(value, bool)
        self.on = value is True
        self.plain = not isinstance(value, (dict, list))
        self.kind = type(value)
        self.told = None

    def tell(self) -> Evaluation:
        """The value, and why it is that."""
        # Two threads may make it at once: theirs are equal, and one of them is kept.
        self.told = made = Evaluation(
            self.value, self.variant, self.reason, self.rule, self.version, self.error
        )
        return made


def fresh(value: object) -> object:
    """A copy of a JSON value that its receiver may change; snapshots are shared by all threads."""
    if isinstance(value, dict):
        return {name: fresh(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fresh(inner) for inner in value]
    return value
