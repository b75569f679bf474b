"""YAML 1.2 with places, built from the parser's events: nothing is read that we do not mean.

Refused: aliases (a short text can stand for gigabytes), tags (`!!python/…`), keys that are not
text or are there twice, more than one document, YAML 1.1. The stack is our own, so that no depth
of nesting can exhaust the interpreter's.

Needs `ruamel.yaml`, the extra `yaml`: this module is imported only when a YAML file is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from flaghoist.model.limits import MAX_FILE_DEPTH
from flaghoist.model.positions import Node, Place, Source, TextError
from flaghoist.model.problem import Path, Problem, shown
from flaghoist.model.yaml_errors import character_error, syntax_error
from flaghoist.model.yaml_scalars import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event

__all__ = ["read_yaml"]

_NodeEvent = AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent


def read_yaml(text: str) -> Source:
    """Read YAML 1.2.

    Raises:
        TextError: it is none, or holds what a flag file may not hold.
    """
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except MarkedYAMLError as error:
        raise syntax_error(error) from error
    except YAMLError as error:  # characters that YAML does not allow
        raise character_error(text, error) from error
    tree = builder.root
    return Source(builder.data, lambda: tree, builder.problems)


def _events(text: str) -> Iterator[Event]:
    yield from YAML(typ="safe", pure=True).parse(text)


class _Frame:
    """A mapping or a sequence that is being read."""

    def __init__(self, node: Node, data: dict[str, Any] | list[Any], path: Path) -> None:
        self.node = node
        self.data = data
        self.path = path
        self.key: tuple[str, Place] | None = None


class _Builder:
    """Takes events one by one; `data`, `root` and `problems` are the result."""

    def __init__(self) -> None:
        self.data: Any = None
        self.root = Node(Place(1, 1))
        self.problems: list[tuple[Place, Problem]] = []
        self._stack: list[_Frame] = []
        self._documents = 0

    def take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._stack.pop()
        elif isinstance(event, _NodeEvent):
            self._take_node(event)

    def _start_document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise TextError(_place(event), "a second document begins here", "one document a file")
        if event.version not in {None, (1, 2)}:
            found = f"the file says that it is YAML {'.'.join(map(str, event.version))}"
            raise TextError(_place(event), found, "YAML 1.2")

    def _take_node(self, event: _NodeEvent) -> None:
        place = _place(event)
        if isinstance(event, AliasEvent):
            raise TextError(place, f"the alias *{event.anchor} is refused", "the value itself")
        if event.tag not in {None, "!"}:
            raise TextError(
                place, f"the tag {event.tag} is refused", "a plain value, text in quotes"
            )
        if self._stack and isinstance(self._stack[-1].data, dict) and not self._stack[-1].key:
            self._take_key(event, place, self._stack[-1])
        elif isinstance(event, ScalarEvent):
            self._take_scalar(event, place)
        else:
            self._open({} if isinstance(event, MappingStartEvent) else [], place)

    def _take_scalar(self, event: ScalarEvent, place: Place) -> None:
        plain = event.implicit[0] and event.style in {None, ""}
        if plain and not event.value and self._stack and self._stack[-1].key:
            place = self._stack[-1].key[1]  # nothing stands nowhere: its key is what one looks for
        self._add(Node(place), plain_value(event.value) if plain else event.value)

    def _take_key(self, event: _NodeEvent, place: Place, frame: _Frame) -> None:
        if not isinstance(event, ScalarEvent):
            raise TextError(place, "this key is a list or a mapping", "text")
        if event.value == "<<" and event.implicit[0]:
            raise TextError(place, "the merge key '<<' is refused", "the values themselves")
        key = event.value
        if key in frame.node.members:
            first = frame.node.members[key][0]
            found = f"the key {shown(key)} is here for the second time"
            expected = f"it once (first at line {first.line}, column {first.column})"
            path = (*frame.path, key)
            self.problems.append((place, Problem(path, found, expected, at_key=True)))
        frame.key = key, place

    def _open(self, data: dict[str, Any] | list[Any], place: Place) -> None:
        if len(self._stack) >= MAX_FILE_DEPTH:
            raise TextError(place, "this is nested too deep", f"at most {MAX_FILE_DEPTH} levels")
        node = Node(place)
        path = self._add(node, data)
        self._stack.append(_Frame(node, data, path))

    def _add(self, node: Node, value: Any) -> Path:
        """Put a value where it belongs; give back its path."""
        if not self._stack:
            self.data, self.root = value, node
            return ()
        frame = self._stack[-1]
        if isinstance(frame.data, list):
            step: str | int = len(frame.data)
            frame.data.append(value)
            frame.node.members[step] = node.place, node
        else:
            assert frame.key is not None  # a key came before
            step, place = frame.key
            frame.data[step] = value
            frame.node.members[step] = place, node
            frame.key = None
        return (*frame.path, step)


def _place(event: Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
