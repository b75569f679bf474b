"""What answers while there is no evaluator yet: the caller's defaults, and why.

Rules: nothing is imported for it, since it answers while the imports are still going on.

A method that somebody has put aside (`is_enabled = flags.is_enabled`, at the top of a module)
goes on to work: it hands over to what the client hands out by then, at the price of a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["defaults"]


def defaults(client: Any, wake: Callable[[], None]) -> dict[str, Callable[..., Any]]:
    """Methods that give defaults for as long as it is them whom `client` hands out.

    They `wake` it first, which may well exchange them.
    """

    def is_enabled(key: str, context: Any = None, default: bool = False) -> bool:
        if client.is_enabled is is_enabled:
            wake()
        better = client.is_enabled
        return default is True if better is is_enabled else better(key, context, default)

    def value(key: str, context: Any = None, default: Any = None) -> Any:
        if client.value is value:
            wake()
        better = client.value
        return default if better is value else better(key, context, default)

    def evaluate(key: str, context: Any = None, default: Any = None) -> Evaluation:
        if client.evaluate is evaluate:
            wake()
        better = client.evaluate
        if better is evaluate:
            error = ErrorCode.PROVIDER_NOT_READY
            return Evaluation(default, reason=Reason.ERROR, error=error)
        evaluation: Evaluation = better(key, context, default)
        return evaluation

    def every(context: Any = None) -> dict[str, Any]:
        if client.all is every:
            wake()
        better = client.all
        return {} if better is every else better(context)

    return {"is_enabled": is_enabled, "value": value, "evaluate": evaluate, "all": every}
