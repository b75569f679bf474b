"""What a YAML parser's complaint means to the person who wrote the file.

The parser says what it was doing and which token it had not expected, often at the end of the
file. Here: what is wrong, at the place to look at, and what to write instead. A complaint that is
not in the table is passed on in the parser's words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flaghoist.model.positions import Place, TextError

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

__all__ = ["character_error", "syntax_error"]


class _Meaning(NamedTuple):
    """`found` is filled from the match; `at_start`: the place is where the construct began."""

    complaint: re.Pattern[str]
    found: str
    expected: str
    at_start: bool = False


_ALIKE = "the keys of one level indented alike"

_MEANINGS = (
    _Meaning(re.compile(r"found character '\\t'"), "this is a tab", "spaces"),
    _Meaning(
        re.compile("found character (.+) that cannot start any token"),
        "plain text cannot start with {0}",
        "quotes around it",
    ),
    _Meaning(
        re.compile("found unexpected end of stream"),
        "this quote is never closed",
        "the same quote at the end of the text",
        at_start=True,
    ),
    _Meaning(
        re.compile("could not find expected ':'"),
        "this line has no ':' after its key",
        "'key: value'",
        at_start=True,
    ),
    _Meaning(
        re.compile("mapping values are not allowed here"),
        "a ':' where no key can end",
        f"one 'key: value' a line, {_ALIKE}, text that has ': ' in quotes",
    ),
    _Meaning(
        re.compile("sequence entries are not allowed here"),
        "a '-' where no list can begin",
        "each '- item' on a line of its own",
    ),
    _Meaning(
        re.compile(r"expected (',' or '[\]}]'), but got (.+)"),
        "{1} inside the brackets that open at line {line}, column {column}",
        "{0}",
    ),
    _Meaning(
        re.compile("expected <block end>, but found (.+)"),
        "{0} that does not belong to what starts at line {line}, column {column}",
        _ALIKE,
    ),
)

_TOKENS = {
    "'<stream end>'": "the end of the file",
    "'<block mapping start>'": "a key",
    "'?'": "a key",
    "'<block sequence start>'": "a list",
    "'-'": "a list",
    "'<scalar>'": "text",
}


def syntax_error(error: MarkedYAMLError) -> TextError:
    """The error of a text that is no YAML."""
    place = _place(error.problem_mark or error.context_mark)
    start = _place(error.context_mark or error.problem_mark)
    complaint = error.problem or ""
    for meaning in _MEANINGS:
        if matched := meaning.complaint.search(complaint):
            words = [_TOKENS.get(word, word) for word in matched.groups()]
            found = meaning.found.format(*words, **start._asdict())
            expected = meaning.expected.format(*words)
            return TextError(start if meaning.at_start else place, found, expected)
    found = " ".join(part for part in (complaint, error.context) if part)
    return TextError(place, found, "YAML 1.2")


def character_error(text: str, error: YAMLError) -> TextError:
    """The error of a text with a character that YAML does not allow."""
    position = getattr(error, "position", 0)
    before = text[:position]
    place = Place(before.count("\n") + 1, position - before.rfind("\n"))
    found = f"the character {text[position : position + 1]!r} cannot be in a YAML file"
    return TextError(place, found, "printable text")


def _place(mark: object) -> Place:
    line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
    return Place(line + 1, column + 1)
