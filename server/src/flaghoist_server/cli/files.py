"""Files that a command reads or writes; one that cannot be is bad input, said in one line."""

from __future__ import annotations

import sys
from pathlib import Path

from flaghoist_server.cli.failure import BAD_INPUT, CommandFailed

__all__ = ["read", "write"]


def read(name: str) -> bytes:
    """What is in the file; `-` is standard input. Raises: CommandFailed."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{name}: cannot be read: {_why(error)}", BAD_INPUT) from error


def write(name: str, content: str | bytes) -> None:
    """Put that into the file, over what was there. Raises: CommandFailed."""
    try:
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{name}: cannot be written: {_why(error)}", BAD_INPUT) from error


def _why(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
