"""One form for one meaning: canonical JSON, its digest, and the hash of a whole environment.

Two flags that mean the same have the same canonical JSON and so the same digest, whoever wrote
them and in whatever order. Canonical JSON is the struct's fields in the order of their
declaration, what says nothing left out: defaults, a `salt` equal to the key, `hash: murmur3`,
the two variants that a boolean flag has by itself. Names without an order of their own are
sorted (variants, targets, an object's keys). *The order inside a split is kept*: it says which
buckets belong to which variant. A whole percentage is written as an integer.

The state hash of an environment is the sum, modulo 2**64, of the hashes of its items. A sum
does not care for the order, and one change costs one subtraction and one addition, whatever the
number of flags. It finds a divergence; it is no protection against a forger.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from flaghoist.model.flag import BucketCondition, Flag, Rule, Segment, Serve, When

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BOOLEAN_VARIANTS",
    "Kind",
    "canonical",
    "canonical_flag",
    "digest",
    "item_hash",
    "normalise",
    "normalise_segment",
    "shift_hash",
    "state_hash",
]

Kind = Literal["flag", "segment"]

T = TypeVar("T")

BOOLEAN_VARIANTS: dict[str, Any] = {"on": True, "off": False}
"""What a boolean flag has when it names no variants."""

_MODULUS = 1 << 64
_FLAG = Flag()
_encode = msgspec.json.Encoder().encode


def canonical(document: Flag | Segment) -> bytes:
    """The canonical JSON of a *normalised* flag or segment."""
    return _encode(document)


def canonical_flag(key: str, flag: Flag) -> bytes:
    """The canonical JSON of any flag."""
    return _encode(normalise(key, flag))


def digest(document: bytes) -> str:
    """The digest of a canonical document: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(document).hexdigest()


def normalise(key: str, flag: Flag) -> Flag:
    """The same flag in the one form that its meaning has."""
    return replace(
        flag,
        type=_default(flag.type, _FLAG.type),
        state=_default(flag.state, _FLAG.state),
        bucket_by=_default(flag.bucket_by, _FLAG.bucket_by),
        variants=_variants(flag),
        targets=dict(sorted(flag.targets.items())),
        rules=[_rule(rule) for rule in flag.rules],
        default=None if flag.default is None else _serve(flag.default),
        salt=None if flag.salt == key else flag.salt,
        hash=_hash_name(flag.hash),
    )


def normalise_segment(segment: Segment) -> Segment:
    """The same segment in the one form that its meaning has."""
    return replace(segment, when=_when(segment.when))


def item_hash(kind: Kind, name: str, document: bytes | memoryview) -> int:
    """What one flag or segment adds to the state hash of its environment."""
    hasher = hashlib.sha256(f"{kind}\0{name}\0".encode())
    hasher.update(document)
    return int.from_bytes(hasher.digest()[:8], "big")


def state_hash(items: Iterable[int]) -> str:
    """The hash of an environment, 16 hex digits, from the `item_hash` of all that it has."""
    return f"{sum(items) % _MODULUS:016x}"


def shift_hash(state: str, *, removed: Iterable[int] = (), added: Iterable[int] = ()) -> str:
    """The hash of the environment after a change, from the one before it."""
    return f"{(int(state, 16) - sum(removed) + sum(added)) % _MODULUS:016x}"


def _variants(flag: Flag) -> dict[str, Any]:
    if flag.type == "boolean" and flag.variants == BOOLEAN_VARIANTS:
        return {}
    return {name: _value(value) for name, value in sorted(flag.variants.items())}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _value(inner) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    return value


def _rule(rule: Rule) -> Rule:
    return replace(
        rule,
        serve=_serve(rule.serve),
        when=None if rule.when is None else _when(rule.when),
        hash=_hash_name(rule.hash),
    )


def _serve(serve: Serve) -> Serve:
    if isinstance(serve, str):
        return serve
    return {name: _number(percent) for name, percent in serve.items()}


def _when(when: When) -> When:
    """Only a bucket has more than one way to be written; the rest is looked through for one."""
    return replace(
        when,
        all=_whens(when.all),
        any=_whens(when.any),
        not_=when.not_ if when.not_ is UNSET else _when(when.not_),
        bucket=when.bucket if when.bucket is UNSET else _bucket(when.bucket),
    )


def _whens(whens: tuple[When, ...] | UnsetType) -> tuple[When, ...] | UnsetType:
    return whens if whens is UNSET else tuple(_when(when) for when in whens)


def _bucket(bucket: BucketCondition) -> BucketCondition:
    return replace(
        bucket,
        below=_number(bucket.below),
        by=_default(bucket.by, _FLAG.bucket_by),
        hash=_hash_name(bucket.hash),
    )


def _default(value: T, default: T) -> T:
    """msgspec leaves a field out when it *is* the default, which an equal text is not always."""
    return default if value == default else value


def _hash_name(name: str | None) -> str | None:
    return None if name == "murmur3" else name


def _number(value: float) -> float:
    """10 for 10.0: one way to write a whole percentage."""
    return int(value) if value == int(value) else value
