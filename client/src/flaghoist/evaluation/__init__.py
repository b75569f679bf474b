"""Bucketing, operators, compiling a flag and explaining it. No I/O, no clock, no chance, no lock.

Read it in this order: `compiler` (what a flag becomes), `compiled` (how that is asked),
`conditions` and `operators`, `bucketing`. These modules are plain typed Python, compiled by mypyc
when a wheel is built; `bucketing.COMPILED` says which of the two is running.

Nothing is imported here: `import flaghoist` needs a context and a result, and not what evaluates.
"""
