"""Open files: one for each connection, so as many as the operator allows, and never all for SDKs.

When the files run out, the next connection is dropped, whoever it is. Streams are therefore
refused (503) a little earlier: an operator who wants to kill a flag gets through, always.
"""

from __future__ import annotations

import resource

__all__ = ["open_many_files", "streams_that_fit"]

_KEPT_FREE = 256
"""For operators, probes, and what the server itself has open (about 15)."""


def open_many_files() -> None:
    """As many as the operator has allowed (the hard limit), not as many as a shell begins with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def streams_that_fit() -> int:
    """How many streams leave files for the rest; where there are few, half of them. 0: any."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return 0
    return max(files - _KEPT_FREE, files // 2)
