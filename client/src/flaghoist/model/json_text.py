"""JSON with places: the standard library reads, and only a file with a problem is read again.

The second reading is our own, slow and exact: it knows the line and column of every key and
value, finds keys that are there twice, and says what is wrong with a text that is no JSON.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any

from flaghoist.model.limits import MAX_FILE_DEPTH
from flaghoist.model.positions import Node, Place, Source, TextError
from flaghoist.model.problem import Problem, shown

__all__ = ["read_json"]

_SPACE = re.compile(r"[ \t\n\r]*")
_LITERAL = re.compile(
    r"true|false|null|-?(?:0|[1-9][0-9]{0,4299})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_WORD = re.compile(r"[\w.+-]*")


class _DuplicateKey(ValueError):
    """A key is there twice: the text has to be read again to say where."""


def read_json(text: str) -> Source:
    """Read JSON.

    Raises:
        TextError: it is none.
    """
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        scanner = _Scanner(text)
        tree = scanner.document()  # says what is wrong, and where
        if not scanner.problems:
            raise TextError(tree.place, f"this is no JSON: {error}", "JSON") from error
        return Source(json.loads(text), lambda: tree, scanner.problems)
    return Source(data, lambda: _Scanner(text).document(), [])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateKey
    return members


def _refuse(constant: str) -> None:
    raise ValueError(constant)


class _Scanner:
    """One pass over a text: `document()` gives the tree of places."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.problems: list[tuple[Place, Problem]] = []

    def document(self) -> Node:
        node = self._value((), 0)
        self._skip()
        if self._at < len(self._text):
            raise self._error("there is something after the end of the document", "nothing")
        return node

    def _value(self, path: tuple[str | int, ...], depth: int) -> Node:
        self._skip()
        if depth > MAX_FILE_DEPTH:
            raise self._error("this is nested too deep", f"at most {MAX_FILE_DEPTH} levels")
        node = Node(self._place())
        opening = self._text[self._at : self._at + 1]
        if opening == "{":
            self._object(node, path, depth)
        elif opening == "[":
            self._array(node, path, depth)
        elif opening == '"':
            self._string()
        else:
            self._literal()
        return node

    def _object(self, node: Node, path: tuple[str | int, ...], depth: int) -> None:
        self._at += 1
        if self._took("}"):
            return
        while True:
            self._skip()
            place = self._place()
            if self._text[self._at : self._at + 1] != '"':
                raise self._error(f"{self._here()} is no key", "a key in double quotes")
            key = self._string()
            if key in node.members:
                self._duplicate(key, path, place, node.members[key][0])
            if not self._took(":"):
                raise self._error(f"no colon after the key {shown(key)}", "':' and a value")
            node.members[key] = place, self._value((*path, key), depth + 1)
            if self._took("}"):
                return
            if not self._took(","):
                raise self._error(f"{self._here()} after a value", "',' or '}'")

    def _array(self, node: Node, path: tuple[str | int, ...], depth: int) -> None:
        self._at += 1
        if self._took("]"):
            return
        for index in range(len(self._text)):
            item = self._value((*path, index), depth + 1)
            node.members[index] = item.place, item
            if self._took("]"):
                return
            if not self._took(","):
                raise self._error(f"{self._here()} after a value", "',' or ']'")

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            wrong = "this text has no end, or an escape or a control character that JSON has not"
            raise self._error(wrong, "text in double quotes on one line")
        self._at = found.end()
        return str(json.loads(found.group()))

    def _literal(self) -> None:
        found = _LITERAL.match(self._text, self._at)
        if found is None or _WORD.match(self._text, self._at).end() != found.end():  # type: ignore[union-attr]  # it matches nothing, too
            raise self._error(f"{self._here()} is no value", "a JSON value (text in double quotes)")
        self._at = found.end()

    def _duplicate(self, key: str, path: tuple[str | int, ...], place: Place, first: Place) -> None:
        found = f"the key {shown(key)} is here for the second time"
        expected = f"it once (first at line {first.line}, column {first.column})"
        self.problems.append((place, Problem((*path, key), found, expected, at_key=True)))

    def _took(self, sign: str) -> bool:
        self._skip()
        if self._text[self._at : self._at + 1] != sign:
            return False
        self._at += 1
        return True

    def _skip(self) -> None:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too

    def _place(self) -> Place:
        line = bisect_right(self._lines, self._at)
        return Place(line, self._at - self._lines[line - 1] + 1)

    def _here(self) -> str:
        word = _WORD.match(self._text, self._at)
        text = (word and word.group()[:40]) or self._text[self._at : self._at + 1]
        return repr(text) if text else "the end of the file"

    def _error(self, message: str, expected: str) -> TextError:
        return TextError(self._place(), message, expected)
