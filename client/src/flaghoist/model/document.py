"""The flag file as a document: its structs, and everything that can be wrong with one.

A file nests the environments inside the flags; `merged` makes the flag of one environment of it.
A document is good or refused as a whole, with all its problems; what depends on a part that is
already known to be wrong is left out, so that one mistake is reported once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from flaghoist.model.digest import canonical, normalise, normalise_segment
from flaghoist.model.flag import Flag, FlagKind, FlagType, Requirement, Rule, Segment, Serve, State
from flaghoist.model.limits import MAX_DOCUMENT_BYTES, MAX_FILE_DEPTH
from flaghoist.model.names import KEY_FORM, is_key, one_of
from flaghoist.model.problem import Path, Problem, shown
from flaghoist.model.shapes import broken_texts, deeper_than, misfits
from flaghoist.model.validation import check_environment, check_flag, check_segment

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = [
    "FORMAT_VERSION",
    "Behaviour",
    "FlagDefinition",
    "FlagFile",
    "check_document",
    "environment_of",
    "environments_of",
    "merged",
]

FORMAT_VERSION = 1
"""The newest format of a flag file that this release reads, and the one that it writes."""


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a flag behaves in one environment."""

    state: State = "on"
    off_variant: str | None = None
    requires: list[Requirement] = msgspec.field(default_factory=list)
    targets: dict[str, list[str]] = msgspec.field(default_factory=dict)
    rules: list[Rule] = msgspec.field(default_factory=list)
    default: Serve | None = None
    bucket_by: str = "targeting_key"
    salt: str | None = None
    hash: str | None = None


class FlagDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a flag is in all environments, and how it behaves in each."""

    description: str = ""
    owner: str = ""
    kind: FlagKind | None = None
    expires: str | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    type: FlagType = "boolean"
    variants: dict[str, Any] = msgspec.field(default_factory=dict)
    environments: dict[str, Behaviour] = msgspec.field(default_factory=dict)


class FlagFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole flag file. `flaghoist` is the version of the format."""

    flaghoist: int
    schema: str = msgspec.field(default="", name="$schema")
    segments: dict[str, Segment] = msgspec.field(default_factory=dict)
    flags: dict[str, FlagDefinition] = msgspec.field(default_factory=dict)


_SHARED = ("type", "variants", "description", "owner", "kind", "expires", "tags")


def environments_of(file: FlagFile) -> list[str]:
    """The environments that a file speaks of, in the order of their first mention."""
    return list(dict.fromkeys(name for flag in file.flags.values() for name in flag.environments))


def environment_of(file: FlagFile, environment: str) -> tuple[dict[str, Flag], dict[str, Segment]]:
    """The flags and segments of one environment, normalised."""
    flags = {
        key: normalise(key, merged(definition, definition.environments[environment]))
        for key, definition in file.flags.items()
        if environment in definition.environments
    }
    segments = {name: normalise_segment(segment) for name, segment in file.segments.items()}
    return flags, segments


def merged(definition: FlagDefinition, behaviour: Behaviour) -> Flag:
    """The flag of one environment."""
    return Flag(
        type=definition.type,
        variants=definition.variants,
        description=definition.description,
        owner=definition.owner,
        kind=definition.kind,
        expires=definition.expires,
        tags=definition.tags,
        state=behaviour.state,
        off_variant=behaviour.off_variant,
        requires=behaviour.requires,
        targets=behaviour.targets,
        rules=behaviour.rules,
        default=behaviour.default,
        bucket_by=behaviour.bucket_by,
        salt=behaviour.salt,
        hash=behaviour.hash,
    )


def check_document(
    data: Any, environments: Collection[str] | None = None
) -> tuple[FlagFile | None, list[Problem]]:
    """Read plain data as a flag file, or say everything that is wrong with it.

    `environments`: the ones that there are, if the caller knows; a file that names another is
    refused. Without problems there is a file.
    """
    if problems := _check_frame(data):
        return None, problems
    problems, sound = _check_shape(data)
    file = msgspec.convert(sound, FlagFile)
    problems += _check_environment_names(file, environments)
    for name, segment in file.segments.items():
        problems += _check_segment(name, segment)
    for key, definition in file.flags.items():
        problems += _check_definition(key, definition)
    if not problems:
        problems += _check_references(file)
    problems = list(dict.fromkeys(problems))
    return (None, problems) if problems else (file, [])


def _check_frame(data: Any) -> list[Problem]:
    """Whether this is a flag file of a format that we read; else nothing more is worth saying."""
    if not isinstance(data, dict):
        return [Problem((), "this is no flag file", f"a mapping with flaghoist: {FORMAT_VERSION}")]
    version = data.get("flaghoist")
    if version is None:
        found = "the version of the format is missing"
        return [Problem((), found, f"flaghoist: {FORMAT_VERSION}")]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return [
            Problem(("flaghoist",), f"{shown(version)} is no format version", str(FORMAT_VERSION))
        ]
    if version > FORMAT_VERSION:
        found = f"this file has format version {version}, newer than this Flaghoist reads"
        expected = f"format version {FORMAT_VERSION}, or a newer Flaghoist"
        return [Problem(("flaghoist",), found, expected)]
    if deeper_than(data, MAX_FILE_DEPTH):
        return [Problem((), "this is nested too deep", f"at most {MAX_FILE_DEPTH} levels")]
    return list(broken_texts(data))


def _check_shape(data: dict[str, Any]) -> tuple[list[Problem], dict[str, Any]]:
    """The misfits, and the data without the flags, segments and fields that have one."""
    try:
        msgspec.convert(data, FlagFile)
    except msgspec.ValidationError as error:
        problems = list(misfits(data, msgspec.inspect.type_info(FlagFile)))
        if not problems:  # msgspec knows better
            return [Problem((), str(error))], {"flaghoist": FORMAT_VERSION}
        return problems, _without(data, problems)
    return [], data


def _without(data: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    wrong = {problem.path[:2] for problem in problems}
    sound: dict[str, Any] = {"flaghoist": FORMAT_VERSION}
    for section in ("segments", "flags"):
        items = data.get(section)
        if isinstance(items, dict):
            sound[section] = {
                name: item for name, item in items.items() if (section, name) not in wrong
            }
    return sound


def _check_environment_names(file: FlagFile, environments: Collection[str] | None) -> list[Problem]:
    problems = []
    for key, definition in file.flags.items():
        for name in definition.environments:
            path = ("flags", key, "environments", name)
            if not is_key(name):
                found = f"{shown(name)} is no environment's name"
                problems.append(Problem(path, found, KEY_FORM, at_key=True))
            elif environments is not None and name not in environments:
                expected = one_of(environments, name, "environment")
                found = f"no environment {shown(name)}"
                problems.append(Problem(path, found, expected, at_key=True))
    return problems


def _check_segment(name: str, segment: Segment) -> list[Problem]:
    problems = [_moved(problem, ("segments", name)) for problem in check_segment(name, segment)]
    return problems or _check_size(normalise_segment(segment), ("segments", name))


def _check_definition(key: str, definition: FlagDefinition) -> list[Problem]:
    """What is wrong with a flag; what all environments share is checked without one, too."""
    root: Path = ("flags", key)
    behaviours = {
        (*root, "environments", environment): behaviour
        for environment, behaviour in definition.environments.items()
    }
    problems: list[Problem] = []
    for place, behaviour in (behaviours or {root: Behaviour()}).items():
        flag = merged(definition, behaviour)
        found = [
            _moved(problem, root if problem.path[:1] in _SHARED_PATHS else place)
            for problem in check_flag(key, flag)
        ]
        problems += found or _check_size(normalise(key, flag), place)
    return problems


_SHARED_PATHS = {(), *((name,) for name in _SHARED)}


def _check_size(document: Flag | Segment, path: Path) -> list[Problem]:
    size = len(canonical(document))
    if size > MAX_DOCUMENT_BYTES:
        return [Problem(path, f"this takes {size} bytes", f"at most {MAX_DOCUMENT_BYTES}")]
    return []


def _check_references(file: FlagFile) -> list[Problem]:
    problems = check_environment({}, file.segments)
    for environment in environments_of(file):
        flags = {
            key: merged(definition, definition.environments[environment])
            for key, definition in file.flags.items()
            if environment in definition.environments
        }
        for problem in check_environment(flags, file.segments):
            path = problem.path
            if path[0] == "flags" and len(path) > 1:
                place = ("flags", path[1], "environments", environment)
                problems.append(_moved(msgspec.structs.replace(problem, path=path[2:]), place))
            else:
                problems.append(problem)
    return problems


def _moved(problem: Problem, root: Path) -> Problem:
    return msgspec.structs.replace(problem, path=root + problem.path)
