"""Flag files: text in, `FlagFile` out, or every problem with its line and column; and back again.

YAML 1.2 (with `ruamel.yaml`, the extra `yaml`) and JSON (with nothing) are read into the same
document; which one a text is, its file's name says, else its first character. A file is read
whole or refused whole.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from flaghoist.errors import DocumentError, FlagFileError
from flaghoist.model.document import (
    FORMAT_VERSION,
    Behaviour,
    FlagDefinition,
    FlagFile,
    check_document,
    environment_of,
    environments_of,
)
from flaghoist.model.export import file_of, to_document, to_json
from flaghoist.model.json_text import read_json
from flaghoist.model.limits import MAX_FILE_BYTES, MAX_YAML_BYTES
from flaghoist.model.positions import Place, Source, TextError, in_file, locate
from flaghoist.model.problem import FileProblem, Problem
from flaghoist.model.yaml_writer import to_yaml

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = [
    "FORMAT_VERSION",
    "Behaviour",
    "FileProblem",
    "FlagDefinition",
    "FlagFile",
    "Problem",
    "environment_of",
    "environments_of",
    "file_of",
    "parse_flag_document",
    "read_flag_file",
    "read_source",
    "to_document",
    "to_json",
    "to_yaml",
]

_START = Place(1, 1)


def read_flag_file(
    data: str | bytes, name: str = "<file>", environments: Collection[str] | None = None
) -> FlagFile:
    """Read the text of a flag file.

    Args:
        data: the text, or its bytes in UTF-8.

        name: what problems call the file; its suffix says YAML or JSON.

        environments: the environments that there are, if known: others are then refused.

    Raises:
        FlagFileError: the file is refused; it has every problem with file, line and column.
    """
    try:
        source = read_source(data, name)
    except TextError as error:
        raise FlagFileError([in_file(error.problem, name, error.place)]) from error
    file, problems = check_document(source.data, environments)
    if file is not None and not source.problems:
        return file
    found = [in_file(problem, name, place) for place, problem in source.problems]
    if problems:
        tree = source.tree()
        found += [
            in_file(problem, name, locate(tree, problem.path, at_key=problem.at_key))
            for problem in problems
        ]
    found.sort(key=lambda problem: (problem.line, problem.column))
    raise FlagFileError(found)


def parse_flag_document(data: Any, environments: Collection[str] | None = None) -> FlagFile:
    """Read a flag file that is already parsed: plain dicts, lists and scalars, as of a JSON body.

    Raises:
        DocumentError: the document is refused; it has every problem with its path.
    """
    file, problems = check_document(data, environments)
    if file is None:
        raise DocumentError(problems)
    return file


def read_source(data: str | bytes, name: str) -> Source:
    """The text as plain data and its places, not yet checked. Raises: TextError."""
    text = _decoded(data)
    suffix = PurePath(name).suffix.lower()
    is_yaml = suffix in {".yaml", ".yml"} or (suffix != ".json" and text.lstrip()[:1] != "{")
    size, limit = len(data), MAX_YAML_BYTES if is_yaml else MAX_FILE_BYTES
    if size > limit:
        raise TextError(_START, f"this file has {size} bytes", _smaller(limit, is_yaml))
    if not is_yaml:
        return read_json(text)
    try:
        from flaghoist.model.yaml_text import read_yaml  # noqa: PLC0415 - the optional extra `yaml`
    except ImportError as error:
        found = "reading YAML needs ruamel.yaml, which is not installed"
        raise TextError(_START, found, "pip install 'flaghoist[yaml]', or JSON") from error
    return read_yaml(text)


def _decoded(data: str | bytes) -> str:
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        place = Place(before.count(b"\n") + 1, column)
        raise TextError(place, "this byte is no UTF-8", "a text file in UTF-8") from error


def _smaller(limit: int, is_yaml: bool) -> str:
    size = f"at most {limit // 1024 // 1024} MiB"
    return f"{size}; larger files can be JSON, which is read much faster" if is_yaml else size
