"""Bucketing, operators, compiling a flag and explaining it. No I/O, no clock, no chance, no lock.

Read it in this order: `context`, `bucketing`, `choosers` (what a flag becomes), `conditions` and
`operators`, `compiler` (how it becomes that), `linker`. These modules are plain typed Python,
compiled by mypyc when a wheel is built; `COMPILED` says which of the two is running.

Nothing is imported here: `import flaghoist` needs a context and a result, and not what evaluates.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COMPILED"]

COMPILED: Final = not __file__.endswith(".py")
"""Whether this code has been compiled by mypyc."""
