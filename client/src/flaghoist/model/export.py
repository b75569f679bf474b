"""The way back: from the flags of environments to one flag file, as plain data or JSON.

Reading the file again gives flags with the same digests. What all environments share stands
once, so environments that disagree about it cannot be one file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from flaghoist.errors import DocumentError
from flaghoist.model.digest import canonical, normalise, normalise_segment
from flaghoist.model.document import FORMAT_VERSION, Behaviour, FlagDefinition, FlagFile
from flaghoist.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flaghoist.model.flag import Flag, Segment

__all__ = ["file_of", "to_document", "to_json"]

_SHARED = [name for name in FlagDefinition.__struct_fields__ if name != "environments"]
_BEHAVIOUR = Behaviour.__struct_fields__

# What a reader of the file wants to see even where it says what would hold anyway.
_ALWAYS_SHARED = {"type": "boolean"}
_ALWAYS = {"state": "on"}

# As people write them.
_RULE_ORDER = ("name", "when", "serve")
_SEGMENT_ORDER = ("description", "when")


def file_of(
    environments: Mapping[str, tuple[Mapping[str, Flag], Mapping[str, Segment]]],
) -> dict[str, Any]:
    """One flag file of the flags and segments of some environments, as plain data.

    Raises:
        DocumentError: two environments differ in what a file says only once.
    """
    problems: list[Problem] = []
    segments: dict[str, Any] = {}
    flags: dict[str, Any] = {}
    for environment, (env_flags, env_segments) in environments.items():
        for name, segment in env_segments.items():
            plain = _plain(canonical(normalise_segment(segment)), _SEGMENT_ORDER)
            if segments.setdefault(name, plain) != plain:
                problems.append(_differs(("segments", name), environment))
        for key, flag in env_flags.items():
            shared, behaviour = _halves(key, flag)
            entry = flags.setdefault(key, {**shared, "environments": {}})
            if {name: value for name, value in entry.items() if name != "environments"} != shared:
                problems.append(_differs(("flags", key), environment))
            entry["environments"][environment] = behaviour
    if problems:
        raise DocumentError(problems)
    file: dict[str, Any] = {"flaghoist": FORMAT_VERSION}
    if segments:
        file["segments"] = dict(sorted(segments.items()))
    return file | {"flags": dict(sorted(flags.items()))}


def to_document(file: FlagFile) -> dict[str, Any]:
    """A flag file that was read, as plain data again."""
    return dict(msgspec.json.decode(msgspec.json.encode(file)))


def to_json(file: Mapping[str, Any]) -> str:
    """A flag file as JSON text for people, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n"


def _halves(key: str, flag: Flag) -> tuple[dict[str, Any], dict[str, Any]]:
    """What all environments share of a flag, and how it behaves in this one."""
    plain = _plain(canonical(normalise(key, flag)))
    if "rules" in plain:
        plain["rules"] = [_in_order(rule, _RULE_ORDER) for rule in plain["rules"]]
    shared = _ALWAYS_SHARED | plain
    behaviour = _ALWAYS | plain
    return (
        {name: shared[name] for name in _SHARED if name in shared},
        {name: behaviour[name] for name in _BEHAVIOUR if name in behaviour},
    )


def _plain(document: bytes, order: Sequence[str] = ()) -> dict[str, Any]:
    """A canonical document as plain data, some fields first."""
    return _in_order(msgspec.json.decode(document), order)


def _in_order(members: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    return {name: members[name] for name in order if name in members} | members


def _differs(path: tuple[str, str], environment: str) -> Problem:
    found = f"environment {environment!r} has this otherwise than the ones before it"
    return Problem(path, found, "one definition for all environments, or a file for each")
