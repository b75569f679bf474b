"""Random environments and contexts, from a seed: flags of every kind, and whatever may be asked.

Not hypothesis strategies: a whole environment would take them a second. A test that fails says
its seed, and `world(Random(seed))` is the environment that it failed with.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from random import Random
from typing import Any

from tests.unit.client.flags import Document

from flaghoist.evaluation.context import Context

FLAGS = ["f0", "f1", "f2", "f3"]
ATTRIBUTES = ["plan", "age", "version", "seen", "address.ip", "address", "targeting_key"]
TEXTS = ["pro", "Pro", "user-1", "42", "", "4.2.0", "10.1.2.3", "2027-03-31T12:00:00Z", "ünï😀"]
NUMBERS = [0, 1, 42, -1, 4.2, 1e300, 2**63]
VALUES: dict[str, dict[str, Any]] = {
    "boolean": {},
    "string": {"on": "light", "off": ""},
    "number": {"on": 1.5, "off": 0},
    "object": {"on": {"a": [1, {}]}, "off": []},
}
MOMENTS = ["2027-03-31T12:00:00Z", "2020-01-01T00:00:00+02:00"]
VERSIONS = ["4.2.0", "4.2.0-rc.1", "10.0.0"]
OPERANDS: list[tuple[list[str], list[Any]]] = [
    (["in", "not_in", "equals", "not_equals"], [*TEXTS, *NUMBERS, True, False]),
    (["starts_with", "ends_with", "contains"], TEXTS),
    (["lt", "lte", "gt", "gte"], NUMBERS),
    (["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"], VERSIONS),
    (["before", "after"], MOMENTS),
    (["in_cidr"], ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]),
    (["matches"], ["^p", "r$", r"\d{2}"]),
]


def world(rng: Random) -> tuple[dict[str, Document], dict[str, Document]]:
    """The flags and segments of an environment, all of which can be used."""
    segments: dict[str, Document] = {}
    for name in ("s0", "s1"):
        segments[name] = {"when": _when(rng, list(segments))}
    flags: dict[str, Document] = {}
    for key in FLAGS:
        flags[key] = _flag(rng, list(flags), list(segments))
    return flags, segments


def _flag(rng: Random, required: list[str], segments: list[str]) -> Document:
    kind = rng.choice(sorted(VALUES))
    optional: dict[str, Callable[[], Any]] = {
        "off_variant": lambda: rng.choice(["on", "off"]),
        "default": lambda: _serve(rng),
        "targets": lambda: {"on": ["user-1", "42"]},
        "bucket_by": lambda: rng.choice(["age", "address.ip"]),
        "rules": lambda: [_rule(rng, segments) for _ in range(rng.randrange(4))],
        "requires": lambda: [
            {"flag": key, "variants": rng.choice([["on"], ["off"], ["on", "off"]])}
            for key in required
            if rng.random() < 0.4
        ],
        "state": lambda: rng.choice(["on", "on", "off"]),
    }
    flag: Document = {name: make() for name, make in optional.items() if rng.random() < 0.6}
    flag["type"] = kind
    if VALUES[kind]:
        flag["variants"] = VALUES[kind]
    return flag


def _rule(rng: Random, segments: list[str]) -> Document:
    rule: Document = {"serve": _serve(rng)}
    if rng.random() < 0.9:
        rule["when"] = _when(rng, segments)
    if rng.random() < 0.5:
        rule["name"] = rng.choice(["pro", "staff"])
    if rng.random() < 0.2:
        rule["bucket_by"] = rng.choice(["age", "plan"])
    return rule


def _serve(rng: Random) -> Any:
    if rng.random() < 0.5:
        return rng.choice(["on", "off"])
    share = rng.randrange(100_001) / 1000
    return {"on": share, "off": round(100 - share, 3)}


def _when(rng: Random, segments: list[str], depth: int = 0) -> Document:
    kinds = ["attribute"] * 5 + ["bucket"] + ["segment"] * bool(segments)
    if depth < 3:
        kinds += ["all", "any", "not"]
    kind = rng.choice(kinds)
    if kind == "attribute":
        return _test(rng)
    if kind == "bucket":
        below = rng.randrange(100_001) / 1000
        return {"bucket": {"below": below, "by": rng.choice(ATTRIBUTES)}}
    if kind == "segment":
        return {"segment": rng.choice(segments)}
    if kind == "not":
        return {"not": _when(rng, segments, depth + 1)}
    return {kind: [_when(rng, segments, depth + 1) for _ in range(rng.randrange(1, 4))]}


def _test(rng: Random) -> Document:
    attribute = rng.choice(ATTRIBUTES)
    if rng.random() < 0.1:
        return {"attribute": attribute, "exists": [rng.random() < 0.5]}
    operators, operands = rng.choice(OPERANDS)
    operator = rng.choice(operators)
    test = {"attribute": attribute, operator: rng.choices(operands, k=rng.randrange(1, 4))}
    if operator in ("in", "equals", "starts_with", "contains", "matches") and rng.random() < 0.3:
        test["ignore_case"] = True
    return test


def _raise(*_: object) -> Any:
    raise RuntimeError("an application's own object")


class Unwilling:
    """Raises whatever is asked of it."""

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = _raise
    __lt__ = __contains__ = __getitem__ = __getattr__ = __int__ = __float__ = _raise


class UnwillingText(str):
    """A text with such manners."""

    __slots__ = ()
    __str__ = __eq__ = __hash__ = encode = casefold = startswith = _raise


class UnwillingDictionary(dict[Any, Any]):
    """A dictionary with such manners."""

    get = __getitem__ = __iter__ = keys = _raise


def _cycle() -> dict[str, Any]:
    inside: dict[str, Any] = {}
    inside["address"] = inside["ip"] = inside["plan"] = inside
    return inside


ODDITIES: list[Callable[[], Any]] = [
    Unwilling,
    _cycle,
    lambda: UnwillingText("pro"),
    lambda: UnwillingDictionary(plan="pro"),
    lambda: [Unwilling()],
    lambda: {"ip": Unwilling()},
    lambda: {Unwilling.__name__: 1, 42: 2, None: 3},
    lambda: "\ud800",
    lambda: math.nan,
    lambda: math.inf,
    lambda: 10**5_000,
    lambda: "x" * 100_000,
    lambda: b"pro",
    lambda: 1j,
    lambda: dt.datetime(2027, 1, 1),  # noqa: DTZ001 - one that knows no offset
    lambda: dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
    lambda: dt.date(2027, 1, 1),
    lambda: range(3),
    lambda: {"pro", "user-1"},
    lambda: ("pro", [["pro"]]),
    lambda: (item for item in "pro"),
    lambda: object,
    lambda: _raise,
]


def attribute(rng: Random) -> Any:
    """Anything that may be found in a context."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(TEXTS)
    if kind < 0.6:
        return rng.choice([*NUMBERS, True, False, None])
    if kind < 0.7:
        return [attribute(rng) for _ in range(rng.randrange(3))]
    if kind < 0.85:
        return {"ip": attribute(rng)}
    return rng.choice(ODDITIES)()


def context(rng: Random) -> Any:
    """Anything that may be passed as a context."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(TEXTS)
    if kind < 0.3:
        return attribute(rng)
    attributes = {name: attribute(rng) for name in ATTRIBUTES if rng.random() < 0.6}
    return Context(**attributes) if kind < 0.5 else attributes
