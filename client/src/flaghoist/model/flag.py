"""What a flag is: frozen structs, decoded once at the border, and nothing that evaluates them.

`Flag` is a flag *in one environment*: the definition that all environments share, and the
behaviour of this one, in one flat document. That document is what the store keeps, what the
wire carries, what the SDK compiles and what a digest is taken of. The flag *file* (`flagfile`)
nests the environments inside the flags; it is turned into `Flag` documents on the way in and
back on the way out.

Decoding a struct checks shapes, types and unknown fields. Meaning (percentages that add up to
100, variants and segments that exist, limits) is checked by `validation`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "BucketCondition",
    "Flag",
    "FlagKind",
    "FlagType",
    "Requirement",
    "Rule",
    "Segment",
    "Serve",
    "State",
    "When",
]

FlagType = Literal["boolean", "string", "number", "object"]
FlagKind = Literal["release", "operational", "permission", "experiment"]
State = Literal["on", "off"]

Serve = str | dict[str, float]
"""One variant's name, or percentages by variant that add up to 100."""


class BucketCondition(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """Matches contexts whose bucket lies below a percentage."""

    below: float
    by: str = "targeting_key"
    salt: str | None = None
    hash: str | None = None


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A condition: exactly one of a combination, a segment, a bucket or an attribute test.

    An attribute test has exactly one operator. An operator that this version does not know
    is an unknown field, so the flag that uses it fails to decode, alone and with its name.
    """

    all: tuple[When, ...] | UnsetType = UNSET
    any: tuple[When, ...] | UnsetType = UNSET
    not_: When | UnsetType = msgspec.field(default=UNSET, name="not")
    segment: str | UnsetType = UNSET
    bucket: BucketCondition | UnsetType = UNSET

    attribute: str | UnsetType = UNSET
    ignore_case: bool = False
    in_: list[Any] | UnsetType = msgspec.field(default=UNSET, name="in")
    not_in: list[Any] | UnsetType = UNSET
    equals: list[Any] | UnsetType = UNSET
    not_equals: list[Any] | UnsetType = UNSET
    starts_with: list[str] | UnsetType = UNSET
    ends_with: list[str] | UnsetType = UNSET
    contains: list[str] | UnsetType = UNSET
    matches: list[str] | UnsetType = UNSET
    lt: list[float] | UnsetType = UNSET
    lte: list[float] | UnsetType = UNSET
    gt: list[float] | UnsetType = UNSET
    gte: list[float] | UnsetType = UNSET
    semver_eq: list[str] | UnsetType = UNSET
    semver_lt: list[str] | UnsetType = UNSET
    semver_lte: list[str] | UnsetType = UNSET
    semver_gt: list[str] | UnsetType = UNSET
    semver_gte: list[str] | UnsetType = UNSET
    before: list[str] | UnsetType = UNSET
    after: list[str] | UnsetType = UNSET
    exists: list[bool] | UnsetType = UNSET
    in_cidr: list[str] | UnsetType = UNSET


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Another flag of the environment that must give one of these variants."""

    flag: str
    variants: list[str]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first rule whose condition holds decides; without a condition it holds for everyone."""

    serve: Serve
    name: str | None = None
    when: When | None = None
    bucket_by: str | None = None
    salt: str | None = None
    hash: str | None = None


class Flag(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A flag in one environment, complete.

    Names follow CONTRACT §1; `salt` left out means the flag's key, `off_variant` left out
    means the caller's default, `default` left out means the off variant.
    """

    type: FlagType = "boolean"
    variants: dict[str, Any] = msgspec.field(default_factory=dict)
    description: str = ""
    owner: str = ""
    kind: FlagKind | None = None
    expires: str | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    state: State = "on"
    off_variant: str | None = None
    requires: list[Requirement] = msgspec.field(default_factory=list)
    targets: dict[str, list[str]] = msgspec.field(default_factory=dict)
    rules: list[Rule] = msgspec.field(default_factory=list)
    default: Serve | None = None
    bucket_by: str = "targeting_key"
    salt: str | None = None
    hash: str | None = None


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A named condition that rules share."""

    when: When
    description: str = ""
