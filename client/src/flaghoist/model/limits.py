"""How large a flag may be: the same limits where it is written and where it is read.

A limit turns a mistake into a refused write. Without one the mistake travels, and ends every
process that reads it: the large outages of configuration systems were files that had grown.
"""

from __future__ import annotations

__all__ = [
    "MAX_ATTRIBUTE_CHARS",
    "MAX_CONDITION_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "MAX_FILE_BYTES",
    "MAX_FILE_DEPTH",
    "MAX_FLAGS",
    "MAX_LIST_ITEMS",
    "MAX_NAME_CHARS",
    "MAX_PATTERN_CHARS",
    "MAX_REQUIRES_DEPTH",
    "MAX_RULES",
    "MAX_SEGMENTS",
    "MAX_SUBJECT_CHARS",
    "MAX_VALUE_DEPTH",
    "MAX_VARIANTS",
    "MAX_YAML_BYTES",
]

MAX_FLAGS = 20_000
"""Flags of one environment; twice the ten thousand that the figures are measured with."""

MAX_SEGMENTS = 5_000

MAX_FILE_BYTES = 32 * 1024 * 1024
"""A flag file: room for `MAX_FLAGS` flags of ordinary size in several environments."""

MAX_YAML_BYTES = 4 * 1024 * 1024
"""A flag file in YAML: reading it takes seconds a megabyte, so larger ones are JSON."""

MAX_FILE_DEPTH = 128
"""Of a flag file: what the deepest condition or value needs, and some."""

MAX_DOCUMENT_BYTES = 64 * 1024
"""One flag or segment, canonical."""

MAX_NAME_CHARS = 128
"""A flag key, a segment's, a variant's or an environment's name."""

MAX_ATTRIBUTE_CHARS = 256
"""The path to an attribute, dots included."""

MAX_RULES = 100
MAX_VARIANTS = 100
MAX_LIST_ITEMS = 10_000

MAX_CONDITION_DEPTH = 32
"""Of a condition, the segments that it names included: compiled code recurses that deep."""

MAX_VALUE_DEPTH = 32
"""Of an object variant's value."""

MAX_REQUIRES_DEPTH = 10
"""Of flags that require flags that require flags."""

MAX_PATTERN_CHARS = 256
MAX_SUBJECT_CHARS = 2_048
"""A longer attribute value matches no pattern: it bounds what one evaluation can cost."""
