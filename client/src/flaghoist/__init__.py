"""Feature flags evaluated in your process: see `flags.is_enabled`."""

from flaghoist._version import __version__
from flaghoist.client import Client
from flaghoist.errors import (
    DocumentError,
    FlagError,
    FlagFileError,
    FlaghoistError,
    PatternError,
)
from flaghoist.evaluation.context import Context
from flaghoist.evaluation.result import ErrorCode, Evaluation, Reason
from flaghoist.link.settings import ConfigurationError
from flaghoist.link.status import Status
from flaghoist.process import flags

__all__ = [
    "Client",
    "ConfigurationError",
    "Context",
    "DocumentError",
    "ErrorCode",
    "Evaluation",
    "FlagError",
    "FlagFileError",
    "FlaghoistError",
    "PatternError",
    "Reason",
    "Status",
    "__version__",
    "flags",
]
