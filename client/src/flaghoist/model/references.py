"""Whether the flags and segments of one environment fit together.

A name must lead somewhere, and not back: flags that require flags, and segments that name
segments, are graphs without a cycle and of bounded depth. The depth matters to the evaluator,
whose compiled recursion is not checked.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from msgspec import UNSET

from flaghoist.model.digest import BOOLEAN_VARIANTS
from flaghoist.model.limits import (
    MAX_CONDITION_DEPTH,
    MAX_FLAGS,
    MAX_REQUIRES_DEPTH,
    MAX_SEGMENTS,
)
from flaghoist.model.names import one_of, plain
from flaghoist.model.problem import Path, Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flaghoist.model.flag import Flag, Requirement, Segment, When

__all__ = ["check_environment"]

Graph = dict[str, dict[str, Path]]
"""Each name with the names that it leads to, and where in the document it says so."""


def check_environment(flags: Mapping[str, Flag], segments: Mapping[str, Segment]) -> list[Problem]:
    """What is wrong between the flags and segments of an environment.

    Paths start with `flags`, KEY or `segments`, NAME and go on as in the document.
    """
    problems: list[Problem] = []
    if len(flags) > MAX_FLAGS:
        problems.append(Problem(("flags",), f"{len(flags)} flags", f"at most {MAX_FLAGS}"))
    if len(segments) > MAX_SEGMENTS:
        found = f"{len(segments)} segments"
        problems.append(Problem(("segments",), found, f"at most {MAX_SEGMENTS}"))
    depths = _check_segments(segments, problems)
    _check_rules(flags, segments, depths, problems)
    _check_requires(flags, problems)
    return problems


def _check_segments(segments: Mapping[str, Segment], problems: list[Problem]) -> dict[str, int]:
    """Check what segments name; give back how deep each is with all that it names."""
    graph: Graph = {}
    for name, segment in segments.items():
        named = _segments_of(segment.when, ("segments", name, "when"))
        graph[name] = _known_segments(named, segments, problems)
    depths: dict[str, int] = {}
    for name in _in_order(graph, problems):
        depths[name] = _check_depth(
            segments[name].when, ("segments", name, "when"), depths, problems
        )
    return depths


def _check_rules(
    flags: Mapping[str, Flag],
    segments: Mapping[str, Segment],
    depths: Mapping[str, int],
    problems: list[Problem],
) -> None:
    for key, flag in flags.items():
        for index, rule in enumerate(flag.rules):
            if rule.when is None:
                continue
            path = ("flags", key, "rules", index, "when")
            if _known_segments(_segments_of(rule.when, path), segments, problems):
                _check_depth(rule.when, path, depths, problems)


def _known_segments(
    named: Iterator[tuple[str, Path]], segments: Mapping[str, Segment], problems: list[Problem]
) -> dict[str, Path]:
    known: dict[str, Path] = {}
    for name, path in named:
        if name in segments:
            known[name] = path
        else:
            expected = one_of(segments, name, "segment")
            problems.append(Problem(path, f"no segment {shown(name)}", expected))
    return known


def _segments_of(when: When, path: Path) -> Iterator[tuple[str, Path]]:
    """The segments that a condition names, each with the path to its name."""
    if when.segment is not UNSET:
        yield when.segment, (*path, "segment")
    for name, inner in (("all", when.all), ("any", when.any)):
        if inner is not UNSET:
            for index, item in enumerate(inner):
                yield from _segments_of(item, (*path, name, index))
    if when.not_ is not UNSET:
        yield from _segments_of(when.not_, (*path, "not"))


def _check_depth(when: When, path: Path, depths: Mapping[str, int], problems: list[Problem]) -> int:
    depth = _depth(when, depths)
    if depth > MAX_CONDITION_DEPTH:
        found = f"the condition is {depth} levels deep with the segments that it names"
        problems.append(Problem(path, found, f"at most {MAX_CONDITION_DEPTH}"))
    return depth


def _depth(when: When, depths: Mapping[str, int]) -> int:
    inner = [_depth(item, depths) for item in when.all or ()]
    inner += [_depth(item, depths) for item in when.any or ()]
    if when.not_ is not UNSET:
        inner.append(_depth(when.not_, depths))
    if when.segment is not UNSET:
        inner.append(depths.get(when.segment, 0))
    return 1 + max(inner, default=0)


def _check_requires(flags: Mapping[str, Flag], problems: list[Problem]) -> None:
    graph: Graph = {}
    for key, flag in flags.items():
        if flag.requires:
            graph[key] = {}
        for index, requirement in enumerate(flag.requires):
            path = ("flags", key, "requires", index)
            if _check_requirement(requirement, path, flags, problems):
                graph[key][requirement.flag] = (*path, "flag")
    depths: dict[str, int] = {}
    for key in _in_order(graph, problems):
        named = graph.get(key, {})
        depths[key] = 1 + max((depths[name] for name in named), default=-1)
        if depths[key] > MAX_REQUIRES_DEPTH:
            found = f"{key!r} requires a flag that requires a flag, {depths[key]} times"
            problems.append(
                Problem(("flags", key, "requires"), found, f"at most {MAX_REQUIRES_DEPTH}")
            )


def _check_requirement(
    requirement: Requirement, path: Path, flags: Mapping[str, Flag], problems: list[Problem]
) -> bool:
    required = flags.get(requirement.flag)
    if required is None:
        others = [name for name in flags if name != path[1]]
        found = f"no flag {shown(requirement.flag)} in this environment"
        expected = one_of(others, requirement.flag, "flag of the same environment")
        problems.append(Problem((*path, "flag"), found, expected))
        return False
    variants = required.variants or BOOLEAN_VARIANTS
    for index, name in enumerate(requirement.variants):
        if name not in variants:
            found = f"no variant {shown(name)} of flag {shown(requirement.flag)}"
            expected = one_of(variants, name, "variant")
            problems.append(Problem((*path, "variants", index), found, expected))
    return True


def _in_order(graph: Graph, problems: list[Problem]) -> list[str]:
    """The names of the graph, each after those that it leads to; none if there is a cycle."""
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle: list[str] = error.args[1][::-1]  # graphlib lists it against the arrows
    found = f"{shown(cycle[0])} leads back to itself: {' → '.join(map(plain, cycle))}"
    problems.append(Problem(graph[cycle[0]][cycle[1]], found, "one of these to be taken out"))
    return []
