"""The log of the SDK: logger `flaghoist`, silent unless the application asks for it.

Rules: no key of a context, no value and no token is logged. A line's `extra` has an `action` to
filter by. `logging` is imported with the first line: it costs 15 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["failed", "info", "logger", "warn"]


def info(action: str, message: str, *arguments: object) -> None:
    """Something began, ended or is well again."""
    logger().info(message, *arguments, extra={"action": action})


def warn(action: str, message: str, *arguments: object) -> None:
    """Something is wrong; what is served is the last known good."""
    logger().warning(message, *arguments, extra={"action": action})


def failed(action: str, message: str) -> None:
    """Called where an exception is handled: it is logged with its trace."""
    logger().exception(message, extra={"action": action})


def logger() -> Logger:
    """The logger of the SDK."""
    import logging  # noqa: PLC0415 - see the head of this file

    found = logging.getLogger("flaghoist")
    if not found.handlers:
        found.addHandler(logging.NullHandler())  # else Python prints warnings by itself
    return found
