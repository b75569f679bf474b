"""Bucketing, operators, compiling a flag and explaining it. No I/O, no clock, no chance, no lock.

Read it in this order: `compiler` (what a flag becomes), `compiled` (how that is asked),
`conditions` and `operators`, `bucketing`. These modules are plain typed Python, compiled by mypyc
when a wheel is built; `COMPILED` says which of the two is running.
"""

from __future__ import annotations

from flaghoist.evaluation.bucketing import COMPILED

__all__ = ["COMPILED"]
