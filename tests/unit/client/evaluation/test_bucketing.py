"""Buckets: the golden ones, the edges, and what has none."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.client.flags import vectors

from flaghoist.evaluation.bucketing import BUCKETS, hash_bound, make_bucketer, text_of
from flaghoist.model import shares

BUCKETING = vectors("bucketing")


def bucket_of(salt: str, value: object) -> int | None:
    text = text_of(value)
    return None if text is None else make_bucketer(salt, None).bucket(text)


def test_golden_buckets() -> None:
    """Every vector comes out as it was frozen."""
    wrong = {
        case["name"]: (bucket_of(case["salt"], case["value"]), case["bucket"])
        for case in BUCKETING["cases"]
        if bucket_of(case["salt"], case["value"]) != case["bucket"]
    }

    assert wrong == {}
    assert len(BUCKETING["cases"]) >= 1_000


def test_a_hundred_thousand_golden_buckets() -> None:
    """The run of users has the SHA-256 that was frozen."""
    run = BUCKETING["run"]
    bucketer = make_bucketer(run["salt"], None)

    buckets = [bucketer.bucket(f"{run['prefix']}{number}") for number in range(run["count"])]

    assert hashlib.sha256("\n".join(map(str, buckets)).encode()).hexdigest() == run["sha256"]


def test_raising_a_share_moves_nobody_out() -> None:
    """Who is below 10 % is below 20 %, and these are about as many as they should be."""
    bucketer = make_bucketer("ramp", None)

    buckets = [bucketer.bucket(f"user-{number}") for number in range(100_000)]
    ten = {index for index, bucket in enumerate(buckets) if bucket < 10_000}
    twenty = {index for index, bucket in enumerate(buckets) if bucket < 20_000}

    assert ten < twenty
    assert abs(len(ten) - 10_000) < 500
    assert abs(len(twenty) - 20_000) < 500


@given(st.integers(0, 2**32 - 1), st.integers(0, BUCKETS))
def test_property_hashes_and_buckets_lie_below_the_same_bounds(hashed: int, bound: int) -> None:
    """What is asked of the hash is the same as what the contract says of the bucket."""
    bucket = hashed * BUCKETS >> 32

    assert (hashed < hash_bound(bound)) == (bucket < bound)


def test_every_share_holds_its_own_edges() -> None:
    """The least hash of each bucket is not below that bucket, and the hash before it is."""
    for bucket in range(0, BUCKETS + 1, 7):
        edge = hash_bound(bucket)

        assert edge * BUCKETS >> 32 == bucket
        assert edge == 0 or (edge - 1) * BUCKETS >> 32 == bucket - 1


@pytest.mark.parametrize(
    "value", [None, True, False, 1.5, [], {}, b"user-1", ("user-1",), object()]
)
def test_other_types_have_no_text(value: Any) -> None:
    """Only texts and integers are hashed, and nobody means True as a key."""
    assert text_of(value) is None


def test_a_lone_surrogate_raises_and_does_not_end_the_process() -> None:
    """`mmh3.hash` of such a text is a segmentation fault; it has to be encoded before."""
    with pytest.raises(UnicodeEncodeError):
        make_bucketer("salt", None).bucket("\ud800")


def test_an_unknown_hash_is_refused_by_name() -> None:
    """A flag that needs it can be set aside with a reason."""
    with pytest.raises(ValueError, match="no hash 'sha1'"):
        make_bucketer("salt", "sha1")


def test_the_model_counts_the_same_buckets() -> None:
    """Percentages are checked in the unit that they are compared in."""
    assert shares.BUCKETS == BUCKETS
