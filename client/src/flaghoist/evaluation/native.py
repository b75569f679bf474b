"""What is said to the compiler only: native integers, and classes without reference cycles.

`i64` is a 64-bit integer where this is compiled and an ordinary one elsewhere. Objects of a class
with `@mypyc_attr(acyclic=True)` are left out of garbage collection, since they can be part of no
cycle: thousands of flags cost the application's collector nothing, and twice as many are compiled
in a second.

Only the compiler needs `mypy_extensions`; a plain installation does without it.
"""

from __future__ import annotations

from typing import Any

try:
    from mypy_extensions import i64, mypyc_attr
except ImportError:
    i64 = int  # type: ignore[misc]  # what i64 is at run time

    def mypyc_attr(*_names: str, **_values: object) -> Any:  # type: ignore[misc]
        """Nothing, where nothing is compiled."""
        return lambda decorated: decorated


__all__ = ["i64", "mypyc_attr"]
