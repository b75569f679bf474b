"""What an evaluation gives back, in OpenFeature's words."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["ErrorCode", "Evaluation", "Reason"]


class Reason(StrEnum):
    """Why this value: OpenFeature's resolution reasons, those that occur here."""

    STATIC = "STATIC"
    """The flag serves everyone the same."""
    DEFAULT = "DEFAULT"
    """No target and no rule matched."""
    TARGETING_MATCH = "TARGETING_MATCH"
    """A target or a rule matched."""
    SPLIT = "SPLIT"
    """The bucket decided between percentages."""
    DISABLED = "DISABLED"
    """The flag is off, or a flag that it requires is not as it must be."""
    ERROR = "ERROR"
    """See the error code."""


class ErrorCode(StrEnum):
    """What went wrong: OpenFeature's error codes."""

    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"
    """No flags have been loaded yet."""
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    """There is no flag of this key in the environment."""
    PARSE_ERROR = "PARSE_ERROR"
    """The flag has been set aside: this SDK cannot use its definition."""
    TYPE_MISMATCH = "TYPE_MISMATCH"
    """The flag's value is of another type than the default."""
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    """A percentage, and nothing to take a bucket of: the off variant is served."""
    INVALID_CONTEXT = "INVALID_CONTEXT"
    """The context is neither text, nor a mapping, nor a `Context`."""
    GENERAL = "GENERAL"
    """The evaluation failed, for example because an attribute raised."""


class Evaluation(NamedTuple):
    """A value and where it comes from.

    `variant` is `None` where the caller's default was given. `rule` is the name of the rule
    that decided (`#2` for the second if it has none). `version` is the version of the
    environment in which the flag last changed, 0 if there is no such flag.
    """

    value: Any
    variant: str | None = None
    reason: Reason = Reason.STATIC
    rule: str | None = None
    version: int = 0
    error: ErrorCode | None = None
