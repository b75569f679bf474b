"""Flag files: what each mistake is answered with, and that every writing is the same file."""

from __future__ import annotations

import sys

import pytest
from tests.unit.client.model.documents import EXAMPLE

from flaghoist.errors import DocumentError, FlagFileError
from flaghoist.model.flagfile import (
    FlagFile,
    environment_of,
    parse_flag_document,
    read_flag_file,
    to_document,
    to_json,
    to_yaml,
)
from flaghoist.model.limits import MAX_FILE_BYTES, MAX_YAML_BYTES

ENVIRONMENTS = {"production", "staging"}

START = "flaghoist: 1\nflags:\n  a:\n    environments:\n      production:\n"


def refused(text: str | bytes, name: str = "flags.yaml") -> list[str]:
    """What a file is refused with, line by line."""
    with pytest.raises(FlagFileError) as caught:
        read_flag_file(text, name, ENVIRONMENTS)
    return str(caught.value).splitlines()


MISTAKES = {
    "a bracket without an end": (
        START + "        targets: {on: [user-1\n",
        [("flags.yaml:7:1: the end of the file inside the brackets that open at line 6, column 23;"
         " expected ',' or ']'")],
    ),
    "an unknown field": (
        START + "        defalt: on\n",
        [("flags.yaml:6:9: unknown field 'defalt'; expected one of state, off_variant, requires,"
         " targets, rules, default, bucket_by, salt, hash (nearest: default)")],
    ),
    "percentages that add up to 99": (
        START + "        default: {on: 10, off: 89}\n",
        ["flags.yaml:6:18: the percentages add up to 99; expected 100"],
    ),
    "a rule that serves no such variant": (
        START + "        rules: [{serve: onn}]\n",
        ["flags.yaml:6:25: no variant 'onn'; expected one of on, off (nearest: on)"],
    ),
    "a split with no such variant": (
        START + "        default: {on: 10, offf: 90}\n",
        ["flags.yaml:6:27: no variant 'offf'; expected one of on, off (nearest: off)"],
    ),
    "a target of no such variant": (
        START + "        targets:\n          onn: [user-1]\n",
        ["flags.yaml:7:11: no variant 'onn'; expected one of on, off (nearest: on)"],
    ),
    "a rule that names no such segment": (
        "segments: {staff: {when: {attribute: a, exists: [true]}}}\n" + START
        + "        rules: [{when: {segment: stuff}, serve: on}]\n",
        ["flags.yaml:7:34: no segment 'stuff'; expected staff (nearest: staff)"],
    ),
    "a requirement cycle": (
        START + "        requires: [{flag: b, variants: [on]}]\n"
        "  b:\n    environments:\n      production:\n"
        "        requires: [{flag: a, variants: [on]}]\n",
        [("flags.yaml:6:27: 'a' leads back to itself: a → b → a;"
         " expected one of these to be taken out")],
    ),
    "a required flag that is elsewhere": (
        START + "        requires: [{flag: b, variants: [on]}]\n"
        "  b: {environments: {staging: {}}}\n  c: {environments: {production: {}}}\n",
        ["flags.yaml:6:27: no flag 'b' in this environment; expected c"],
    ),
    "a segment cycle": (
        "flaghoist: 1\nsegments:\n  a:\n    when: {not: {segment: a}}\n",
        [("flags.yaml:4:27: 'a' leads back to itself: a → a;"
         " expected one of these to be taken out")],
    ),
    "a key that is there twice": (
        "flaghoist: 1\nflags:\n  a: {}\n  b: {}\n  a: {}\n",
        [("flags.yaml:5:3: the key 'a' is here for the second time;"
         " expected it once (first at line 3, column 3)")],
    ),
    "a newer format": (
        "flaghoist: 2\nflags:\n  a: {novelty: 1}\n",
        [("flags.yaml:1:12: this file has format version 2, newer than this Flaghoist reads;"
         " expected format version 1, or a newer Flaghoist")],
    ),
    "no format version": (
        "flags: {}\n",
        ["flags.yaml:1:1: the version of the format is missing; expected flaghoist: 1"],
    ),
    "an alias": (
        "flaghoist: 1\nflags:\n  a: &a {}\n  b: *a\n",
        ["flags.yaml:4:6: the alias *a is refused; expected the value itself"],
    ),
    "numbers that are none": (
        "flaghoist: 1\nflags: {a: {type: number, variants: {x: .nan, y: .inf, z: 1e999}}}\n",
        [f"flags.yaml:2:{column}: {text} in a flag of type number;"
         " expected a finite number of at most 64 bits"
         for column, text in ((41, "nan"), (50, "inf"), (59, "inf"))],
    ),
    "a percentage that is no number": (
        START + "        default: {on: .nan, off: 100}\n",
        ["flags.yaml:6:23: nan is no percentage; expected 0 to 100 with at most 3 decimals"],
    ),
    "a value nested too deep": (
        "flaghoist: 1\nflags: {a: {type: object, variants: {x: " + "[" * 33 + "]" * 33 + "}}}\n",
        [("flags.yaml:2:41: a list in a flag of type object; expected JSON of at most 32 levels,"
         " each number finite and of at most 64 bits")],
    ),
    "a file nested too deep": (
        "flaghoist: 1\nflags: " + "[" * 300 + "]" * 300 + "\n",
        ["flags.yaml:2:135: this is nested too deep; expected at most 128 levels"],
    ),
    "an environment that there is not": (
        "flaghoist: 1\nflags:\n  a:\n    environments:\n      prodction: {}\n",
        [("flags.yaml:5:7: no environment 'prodction';"
         " expected one of production, staging (nearest: production)")],
    ),
    "a key of other characters": (
        "flaghoist: 1\nflags:\n  new checkout: {}\n",
        [("flags.yaml:3:3: 'new checkout' is no flag key;"
         " expected 1 to 128 of a-z A-Z 0-9 . _ - /")],
    ),
    "true and false for on and off": (
        START + "        state: true\n        default: false\n",
        ["flags.yaml:6:16: this is true; expected one of off, on",
         "flags.yaml:7:18: this is false; expected one variant's name, or percentages by variant"],
    ),
    "text where YAML reads a number": (
        "flaghoist: 1\nflags: {a: {type: string, variants: {x: 1.0, y: on}}}\n",
        ["flags.yaml:2:41: 1.0 in a flag of type string; expected text (put it in quotes)"],
    ),
    "one value where there may be several": (
        START + "        rules: [{when: {attribute: plan, in: pro}, serve: on}]\n",
        ["flags.yaml:6:46: this is 'pro'; expected a list, such as [pro]"],
    ),
    "a flag without anything": (
        "flaghoist: 1\nflags:\n  a:\n",
        ["flags.yaml:3:3: this is nothing; expected a mapping"],
    ),
    "an empty file": (
        "", ["flags.yaml:1:1: this is no flag file; expected a mapping with flaghoist: 1"],
    ),
    "bytes that are no UTF-8": (
        "flaghoist: 1\nflags: {}  # für ".encode() + b"\xfc\n",
        ["flags.yaml:2:18: this byte is no UTF-8; expected a text file in UTF-8"],
    ),
    "several mistakes at once": (
        START + "        defalt: on\n  b:\n    tpe: string\n  c:\n    environments:\n"
        "      production:\n        default: {on: 1, off: 1}\n        rules: [{serve: x}]\n",
        [("flags.yaml:6:9: unknown field 'defalt'; expected one of state, off_variant, requires,"
         " targets, rules, default, bucket_by, salt, hash (nearest: default)"),
         ("flags.yaml:8:5: unknown field 'tpe'; expected one of description, owner, kind, expires,"
         " tags, type, variants, environments (nearest: type)"),
         "flags.yaml:12:18: the percentages add up to 2; expected 100",
         "flags.yaml:13:25: no variant 'x'; expected one of on, off"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_mistake(text: str | bytes, expected: list[str]) -> None:
    """A file with a mistake is refused with its place, what is wrong and what is expected."""
    assert expected == refused(text)


def test_mistakes_of_json_have_places_too() -> None:
    """A JSON file is read with the same lines and columns, without any YAML library."""
    text = '{"flaghoist": 1,\n "flags": {\n  "a": {},\n  "a": {}}}'

    assert refused(text, "flags.json") == [
        (
            "flags.json:4:3: the key 'a' is here for the second time;"
            " expected it once (first at line 3, column 3)"
        )
    ]


def test_the_contract_s_example() -> None:
    """The flag file of the contract is read as it is meant, `on` and dates being text."""
    file = read_flag_file(EXAMPLE)

    flag = environment_of(file, "production")[0]["new-checkout"]
    assert flag.expires == "2027-03-31"
    assert flag.default == {"on": 5, "off": 95}
    assert [rule.serve for rule in flag.rules] == ["on", {"on": 10, "off": 90}]
    assert flag.variants == {}
    assert flag.salt is None


def test_yaml_and_json_are_the_same_file() -> None:
    """What a file means does not depend on how it is written."""
    file = read_flag_file(EXAMPLE)
    document = to_document(file)

    assert file == read_flag_file(to_json(document), "flags.json")
    assert file == read_flag_file(to_yaml(document), "flags.yaml")
    assert file == parse_flag_document(document)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"flaghoist": 1}', "flags"),
        (' \n{"flaghoist": 1}', "<stdin>"),
        ("flaghoist: 1", "flags"),
        ("{flaghoist: 1}", "flags.yml"),
        ("\ufeffflaghoist: 1", "flags.yaml"),
        ("\ufeff{}".encode().replace(b"{}", b'{"flaghoist": 1}'), "flags.json"),
        ('{"flaghoist": 1}', "FLAGS.YAML"),
        ("flaghoist: 1\r\nflags: {}\r\n", "flags.yaml"),
    ],
)
def test_kind_of_file(text: str | bytes, name: str) -> None:
    """The suffix says YAML or JSON, else the first character; a byte order mark is no matter."""
    assert read_flag_file(text, name) == FlagFile(flaghoist=1)


@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        (
            "f.yaml",
            MAX_YAML_BYTES,
            "at most 4 MiB; larger files can be JSON, which is read much faster",
        ),
        ("f.json", MAX_FILE_BYTES, "at most 32 MiB"),
    ],
)
def test_too_large(name: str, limit: int, expected: str) -> None:
    """A file that is too large is refused before it is read."""
    size = limit + 1

    lines = refused(b" " * size, name)

    assert [f"{name}:1:1: this file has {size} bytes; expected {expected}"] == lines


def test_yaml_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ruamel.yaml is not installed, a YAML file says so, and JSON goes on being read."""
    monkeypatch.setitem(sys.modules, "flaghoist.model.yaml_text", None)

    assert refused("flaghoist: 1") == [
        (
            "flags.yaml:1:1: reading YAML needs ruamel.yaml, which is not installed;"
            " expected pip install 'flaghoist[yaml]', or JSON"
        )
    ]
    assert read_flag_file('{"flaghoist": 1}', "f.json") == FlagFile(flaghoist=1)


def test_parsed_document_names_paths() -> None:
    """A document without lines is refused with the paths of its problems."""
    with pytest.raises(DocumentError) as caught:
        parse_flag_document(
            {"flaghoist": 1, "flags": {"a": {"environments": {"x": {"default": "onn"}}}}},
            ["production"],
        )

    assert str(caught.value).splitlines() == [
        "flags.a.environments.x: no environment 'x'; expected production",
        "flags.a.environments.x.default: no variant 'onn'; expected one of on, off (nearest: on)",
    ]
