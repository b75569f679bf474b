"""`i64`: a 64-bit integer to the compiler, an ordinary one where nothing is compiled.

Only the compiler needs `mypy_extensions`; a plain installation does without it.
"""

from __future__ import annotations

try:
    from mypy_extensions import i64
except ImportError:
    i64 = int  # type: ignore[misc]  # what i64 is at run time

__all__ = ["i64"]
