"""Whether plain data has the shape of a struct: every misfit, where `msgspec` stops at the first.

`msgspec.convert` is the judge; it is asked first, and only when it refuses does this module look
for all the reasons, in words for people who write flag files.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from msgspec import inspect

from flaghoist.model.names import nearest, one_of
from flaghoist.model.problem import Path, Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["broken_texts", "deeper_than", "misfits"]

_MOST = sys.float_info.max


def misfits(value: Any, shape: inspect.Type, path: Path = ()) -> Iterator[Problem]:
    """Everything in which plain data differs from `shape`, a `msgspec.inspect.type_info`."""
    match shape:
        case inspect.StructType():
            yield from _struct_misfits(value, shape, path)
        case inspect.DictType(value_type=inner):
            yield from _dict_misfits(value, inner, path)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            yield from _list_misfits(value, inner, path)
        case inspect.UnionType(types=types):
            yield from _union_misfits(value, types, path)
        case inspect.LiteralType(values=values):
            yield from _literal_misfits(value, values, path)
        case _:
            yield from _scalar_misfits(value, shape, path)


def deeper_than(value: Any, limit: int) -> bool:
    """Whether plain data is nested deeper than `limit`; never recurses itself."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def broken_texts(value: Any, path: Path = ()) -> Iterator[Problem]:
    """Every text that no encoding can write: JSON lets one escape half a surrogate pair."""
    if isinstance(value, str) and not _is_whole(value):
        yield Problem(path, f"this is {shown(value)}", "text without half a surrogate pair")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from broken_texts(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if not _is_whole(key):
                expected = "a key without half a surrogate pair"
                yield Problem((*path, key), f"this is {shown(key)}", expected, at_key=True)
            yield from broken_texts(item, (*path, key))


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _struct_misfits(value: Any, shape: inspect.StructType, path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong(value, "a mapping", path)
        return
    fields = {field.encode_name: field for field in shape.fields}
    for name, item in value.items():
        if name in fields:
            yield from misfits(item, fields[name].type, (*path, name))
        else:
            yield _unknown(name, list(fields), path)
    for name, field in fields.items():
        if field.required and name not in value:
            yield Problem(path, f"{name!r} is missing", f"{name}: …")


def _unknown(name: str, fields: list[str], path: Path) -> Problem:
    meant = nearest(name, fields)
    hint = f" (nearest: {meant})" if meant else ""
    expected = f"one of {', '.join(fields)}{hint}"
    return Problem((*path, name), f"unknown field {shown(name)}", expected, at_key=True)


def _dict_misfits(value: Any, inner: inspect.Type, path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong(value, "a mapping", path)
        return
    for key, item in value.items():
        yield from misfits(item, inner, (*path, key))


def _list_misfits(value: Any, inner: inspect.Type, path: Path) -> Iterator[Problem]:
    if not isinstance(value, list):
        example = f", such as [{value}]" if isinstance(value, str) and value.isalnum() else ""
        yield _wrong(value, f"a list{example}", path)
        return
    for index, item in enumerate(value):
        yield from misfits(item, inner, (*path, index))


def _literal_misfits(value: Any, values: Sequence[Any], path: Path) -> Iterator[Problem]:
    if value in values:
        return
    names = [str(name) for name in values]
    yield _wrong(value, one_of(names, value if isinstance(value, str) else "", "value"), path)


def _union_misfits(value: Any, types: Sequence[inspect.Type], path: Path) -> Iterator[Problem]:
    """Without the `null` that it may be, a union is one type, or text or a mapping (`Serve`)."""
    members = [member for member in types if not isinstance(member, inspect.NoneType)]
    if value is None and len(members) < len(types):
        return
    if isinstance(value, dict):
        members = [item for item in members if isinstance(item, inspect.DictType)] or members
    elif len(members) > 1 and not isinstance(value, str):
        yield _wrong(value, "one variant's name, or percentages by variant", path)
        return
    yield from misfits(value, members[0], path)


def _scalar_misfits(value: Any, shape: inspect.Type, path: Path) -> Iterator[Problem]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(shape, inspect.StrType) and not isinstance(value, str):
        quotes = isinstance(value, int | float)
        yield _wrong(value, "text (put it in quotes)" if quotes else "text", path)
    elif isinstance(shape, inspect.BoolType) and not isinstance(value, bool):
        yield _wrong(value, "true or false", path)
    elif isinstance(shape, inspect.IntType) and not (is_number and isinstance(value, int)):
        yield _wrong(value, "a whole number", path)
    elif isinstance(shape, inspect.FloatType) and not (is_number and abs(value) <= _MOST):
        yield _wrong(value, "a number", path)


def _wrong(value: Any, expected: str, path: Path) -> Problem:
    return Problem(path, f"this is {shown(value)}", expected)
