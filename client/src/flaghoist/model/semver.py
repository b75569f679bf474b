"""Semantic versions by semver.org 2.0.0: text to something that compares by precedence.

The precedence (§11): major, minor and patch as numbers; a version with a prerelease comes before
the one without; prerelease identifiers compare one by one, numbers as numbers and before
everything else, words by their ASCII order, and fewer identifiers come first. Build metadata
has no part in it (§10). Anything that is no semantic version ("1.2", "v1.2.3", "01.2.3") is
`None` here, and never matches.
"""

from __future__ import annotations

import re

__all__ = ["Version", "parse_semver"]

Identifier = tuple[bool, int, str]
"""(is it a word, the number, the word): numbers sort before words."""

Version = tuple[int, int, int, bool, tuple[Identifier, ...]]
"""(major, minor, patch, is it a release, prerelease): tuples compare as §11 wants it."""

# A bound on what `int` has to read; real versions are far shorter.
_MAX_CHARS = 256

_NUMBER = r"(0|[1-9][0-9]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)


def parse_semver(text: str) -> Version | None:
    """Read a semantic version; `None` if it is none. Two results compare by precedence."""
    if len(text) > _MAX_CHARS:
        return None
    found = _SEMVER.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, prerelease = found.groups()
    if prerelease is None:
        return int(major), int(minor), int(patch), True, ()
    identifiers = tuple(_identifier(part) for part in prerelease.split("."))
    return int(major), int(minor), int(patch), False, identifiers


def _identifier(part: str) -> Identifier:
    return (False, int(part), "") if part.isdigit() else (True, 0, part)
