"""An evaluation with all its care: whatever the context and the default are, an `Evaluation`.

The lookup takes a shorter way where everything is in order, and comes here where it is not.
Nothing is counted here, so that explanations and previews come by this way, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from flaghoist.errors import InvalidContext
from flaghoist.evaluation.compiled import CompiledFlag
from flaghoist.evaluation.outcome import fresh
from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason

__all__ = ["absent", "failed", "settle"]


def settle(
    flag: CompiledFlag, context: object, default: object, boolean: bool = False
) -> Evaluation:
    """Evaluate a flag; with `boolean`, any value that is none is of the wrong type."""
    try:
        outcome = flag.choose(context) if flag.fixed is None else flag.fixed
    except InvalidContext:
        return failed(default, ErrorCode.INVALID_CONTEXT, flag.version)
    except Exception:  # noqa: BLE001 - an attribute may raise whatever it likes
        return failed(default, ErrorCode.GENERAL, flag.version)
    found = outcome.told or outcome.tell()
    if outcome.absent:
        return found._replace(value=default)
    if not (outcome.boolean if boolean else _fits(outcome.value, default)):
        return failed(default, ErrorCode.TYPE_MISMATCH, flag.version)
    return found if outcome.plain else found._replace(value=fresh(outcome.value))


def absent(key: str, default: object, loaded: bool, rejected: Mapping[str, str]) -> Evaluation:
    """The evaluation of a flag that is not there: nothing loaded, set aside, or unknown."""
    if not loaded:
        return failed(default, ErrorCode.PROVIDER_NOT_READY, 0)
    if key in rejected:
        return failed(default, ErrorCode.PARSE_ERROR, 0)
    return failed(default, ErrorCode.FLAG_NOT_FOUND, 0)


def failed(default: object, error: ErrorCode, version: int) -> Evaluation:
    """The caller's default, because of an error."""
    return Evaluation(default, None, Reason.ERROR, None, version, error)


def _fits(value: object, default: object) -> bool:
    """Whether a value may stand in for this default; `None` is a default for every type."""
    if default is None:
        return True
    if isinstance(value, bool) or isinstance(default, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(value, int):
        return isinstance(default, (int, float))
    if isinstance(value, float):
        return isinstance(default, float)
    if isinstance(value, str):
        return isinstance(default, str)
    return not isinstance(default, (str, int, float))
