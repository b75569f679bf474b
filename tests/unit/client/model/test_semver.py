"""Semantic versions: precedence as semver.org 2.0.0 §11 has it, and what is none."""

from __future__ import annotations

from itertools import pairwise

import pytest

from flaghoist.model.semver import parse_semver

# Each before the next; the prerelease line is the example of §11.4.4.
ASCENDING = [
    "0.0.0-0",
    "0.0.0",
    "0.0.1",
    "0.2.0",
    "0.10.0",
    "1.0.0-0.3.7",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1--",
    "1.0.1-A",
    "1.0.1-a",
    "1.0.1",
    "2.0.0-1",
    "2.0.0-2",
    "2.0.0-10",
    "2.0.0--1",
    "2.0.0-1a",
    "2.0.0",
    "2.1.0",
    "10.0.0",
    "99999999999999999999999.999999999999999999.99999999999999999",
]

# From the test strings of the regular expression on semver.org.
VALID = [
    "0.0.4",
    "1.1.2-prerelease+meta",
    "1.1.2+meta-valid",
    "1.0.0-alpha0.valid",
    "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
    "1.0.0-rc.1+build.1",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
    "1.2.3----R-S.12.9.1--.12+meta",
    "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    "1.0.0-0A.is.legal",
]
INVALID = [
    "1",
    "1.2",
    "1.2.3-0123",
    "1.2.3-0123.0123",
    "1.1.2+.123",
    "+invalid",
    "-invalid",
    "alpha",
    "1.0.0-alpha_beta",
    "1.0.0-alpha..1",
    "01.1.1",
    "1.01.1",
    "1.1.01",
    "1.2.3.DEV",
    "1.2-SNAPSHOT",
    "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
    "-1.0.3-gamma+b7718",
    "+justmeta",
    "9.8.7+meta+meta",
    "9.8.7-whatever+meta+meta",
    "",
    "v1.2.3",
    " 1.2.3",
    "1.2.3\n",
    "１.2.3",
    "1.2.3-",
    "1.2.3+",
    "1." * 200,
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING)))
def test_precedence(lower: str, higher: str) -> None:
    """Every version of the ladder comes before the next."""
    assert parse_semver(lower) < parse_semver(higher)  # type: ignore[operator]  # neither is None


@pytest.mark.parametrize("text", VALID)
def test_valid(text: str) -> None:
    """semver.org's valid examples are read."""
    assert parse_semver(text) is not None


@pytest.mark.parametrize("text", INVALID)
def test_invalid(text: str) -> None:
    """What semver.org calls invalid is no version, and neither are the habits of other schemes."""
    assert parse_semver(text) is None


def test_build_metadata_has_no_part_in_precedence() -> None:
    """Two builds of one version are equal (§10)."""
    assert parse_semver("1.0.0-rc.1") == parse_semver("1.0.0-rc.1+build.7")


def test_length_is_bounded() -> None:
    """A text of any length costs nothing, for it is what a visitor sent."""
    assert parse_semver("1.0." + "9" * 1_000_000) is None
