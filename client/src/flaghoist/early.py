"""What answers while there is no evaluator yet: the caller's defaults, and why.

Rules: nothing is imported for it, since it answers while the imports are still going on. Its
functions ask again each time, so that one which somebody has kept goes on to work later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["defaults"]

Methods = dict[str, "Callable[..., Any]"]


def defaults(get_methods: Callable[[], Methods | None]) -> Methods:
    """Methods that give defaults until `get_methods` has better ones."""

    def is_enabled(key: str, context: Any = None, default: bool = False) -> bool:
        better = get_methods()
        return default is True if better is None else better["is_enabled"](key, context, default)

    def value(key: str, context: Any = None, default: Any = None) -> Any:
        better = get_methods()
        return default if better is None else better["value"](key, context, default)

    def evaluate(key: str, context: Any = None, default: Any = None) -> Evaluation:
        better = get_methods()
        if better is None:
            error = ErrorCode.PROVIDER_NOT_READY
            return Evaluation(default, reason=Reason.ERROR, error=error)
        evaluation: Evaluation = better["evaluate"](key, context, default)
        return evaluation

    def every(context: Any = None) -> dict[str, Any]:
        better = get_methods()
        return {} if better is None else better["all"](context)

    return {"is_enabled": is_enabled, "value": value, "evaluate": evaluate, "all": every}
