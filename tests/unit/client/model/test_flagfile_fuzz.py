"""Flag files of any bytes: read or refused, and what is read keeps its digests for ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.client.model.documents import EXAMPLE, EXAMPLES, broken_files, files

from flaghoist.errors import DocumentError, FlagFileError
from flaghoist.model.digest import canonical, digest
from flaghoist.model.flagfile import (
    FileProblem,
    FlagFile,
    environment_of,
    environments_of,
    parse_flag_document,
    read_flag_file,
    to_document,
    to_json,
    to_yaml,
)

ENVIRONMENTS = {"production", "staging"}


def digests(file: FlagFile) -> dict[str, str]:
    """The digests of all that a file has."""
    found = {}
    for environment in environments_of(file):
        for items in environment_of(file, environment):
            for name, document in items.items():
                found[f"{environment} {name} {type(document)}"] = digest(canonical(document))
    return found


@given(data=files())
@settings(max_examples=EXAMPLES, deadline=None)
def test_same_digests_from_every_writing(data: dict[str, Any]) -> None:
    """An accepted file written as JSON or YAML and read again gives the same digests."""
    file = parse_flag_document(data)
    document = to_document(file)

    expected = digests(file)
    assert expected == digests(read_flag_file(to_json(document), "f.json"))
    assert expected == digests(read_flag_file(to_yaml(document), "f.yaml"))


def problems_of(data: str | bytes, name: str) -> Sequence[FileProblem]:
    """What a text is refused with, if it is; anything else that is raised fails the test."""
    try:
        read_flag_file(data, name, ENVIRONMENTS)
    except FlagFileError as error:
        str(error).encode()
        return error.problems or [FileProblem((), "no reason", line=-1)]
    return []


def read_or_refused(data: str | bytes, name: str) -> None:
    """Whatever is wrong has its place in the text."""
    lines = len(data.splitlines()) + 2  # a carriage return alone ends no line for everyone

    problems = problems_of(data, name)

    assert [] == [p for p in problems if not 0 < p.line <= lines or p.column < 1]


@given(data=broken_files())
@settings(max_examples=EXAMPLES, deadline=None)
def test_broken_document(data: Any) -> None:
    """A document with junk in it is accepted or refused, in every writing, and never crashes."""
    with suppress(DocumentError):
        parse_flag_document(data, ENVIRONMENTS)
    try:
        text = json.dumps(data)
    except ValueError:  # Python writes no integer of so many digits
        return
    read_or_refused(text, "f.json")
    read_or_refused(text, "f.yaml")


@given(data=st.binary(max_size=80))
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes of a file are, it is read or refused with a place."""
    for name in ("f.yaml", "f.json"):
        read_or_refused(data, name)
        read_or_refused(b'{"flaghoist": 1, "flags": ' + data, name)


@given(
    text=st.text(st.sampled_from("flagson: 1\n\t-{}[]\"'&*!|>%@`#,?\\\r~<\x00\x85\u2028\ufeff")),
    cut=st.integers(0, len(EXAMPLE)),
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_text_of_signs(text: str, cut: int) -> None:
    """Signs that mean something, alone or in the middle of a good file, do no more than that."""
    read_or_refused(text, "f.yaml")
    read_or_refused(EXAMPLE[:cut] + text + EXAMPLE[cut:], "f.yaml")
    read_or_refused(EXAMPLE[:cut], "f.yaml")
