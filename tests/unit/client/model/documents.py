"""Strategies for flag files: good ones, and good ones with something in them broken."""

from __future__ import annotations

import copy
import os
from typing import Any

from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FLAGHOIST_FUZZ_EXAMPLES", "20"))
"""How many examples a property is tried with: few in CI, `FLAGHOIST_FUZZ_EXAMPLES=5000` by hand."""

EXAMPLE = """\
flaghoist: 1
segments:
  staff:
    description: People who work here
    when: {attribute: email, ends_with: ["@example.com"]}
flags:
  payments-v2:
    environments:
      production: {default: on}
  new-checkout:
    description: One-page checkout
    owner: payments
    kind: release
    expires: 2027-03-31
    tags: [checkout]
    type: boolean
    variants: {on: true, off: false}
    environments:
      production:
        state: on
        off_variant: off
        requires: [{flag: payments-v2, variants: [on]}]
        targets: {on: [user-1, user-2]}
        rules:
          - name: staff
            when: {segment: staff}
            serve: on
          - name: pro
            when:
              all:
                - {attribute: plan, in: [pro, enterprise]}
                - {attribute: app_version, semver_gte: ["4.2.0"]}
            serve: {on: 10, off: 90}
        default: {on: 5, off: 95}
        bucket_by: targeting_key
        salt: new-checkout
"""
"""The flag file of the contract."""

NAMES = st.sampled_from(["on", "off", "a", "B-2", "true", "404", "null", "x y", "ünï", "1e3", "~"])
KEYS = st.sampled_from(["new-checkout", "theme", "a/b.c_d", "404", "no", "null", "x" * 128])
ENVIRONMENTS = ["production", "staging"]
# Characters that formats find hard, and ordinary ones.
TEXT = st.text(
    st.one_of(
        st.sampled_from(" :#-'\"\\\n\t{}[],&*!|>%@`\u2028\ufeff\x85\x7f😀"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
SCALARS = st.one_of(TEXT, NUMBERS, st.booleans())
JSON = st.recursive(
    st.one_of(SCALARS, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)
VALUES = {
    "boolean": st.booleans(),
    "string": TEXT,
    "number": NUMBERS,
    "object": st.one_of(st.lists(JSON, max_size=3), st.dictionaries(TEXT, JSON, max_size=3)),
}


def _listed(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=3)


OPERANDS = {
    **dict.fromkeys(["in", "not_in", "equals", "not_equals"], _listed(SCALARS)),
    **dict.fromkeys(["starts_with", "ends_with", "contains"], _listed(TEXT)),
    **dict.fromkeys(
        ["lt", "lte", "gt", "gte"], _listed(st.floats(allow_nan=False, allow_infinity=False))
    ),
    **dict.fromkeys(
        ["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"],
        _listed(st.sampled_from(["1.2.3", "4.2.0-rc.1", "0.0.1+build"])),
    ),
    **dict.fromkeys(["before", "after"], _listed(st.just("2027-03-31T12:00:00Z"))),
    "exists": st.lists(st.booleans(), min_size=1, max_size=1),
    "in_cidr": _listed(st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])),
    "matches": _listed(st.sampled_from(["^a+$", "iPhone|iPad", r"\d{3}"])),
}


@st.composite
def attribute_tests(draw: st.DrawFn) -> dict[str, Any]:
    """An attribute with one operator."""
    operator = draw(st.sampled_from(sorted(OPERANDS)))
    test: dict[str, Any] = {
        "attribute": draw(st.sampled_from(["plan", "user.age"])),
        operator: draw(OPERANDS[operator]),
    }
    if operator in {"in", "contains", "starts_with"} and draw(st.booleans()):
        test["ignore_case"] = True
    return test


def percents() -> st.SearchStrategy[float]:
    return st.integers(0, 100_000).map(lambda share: share / 1000)


BUCKETS = st.fixed_dictionaries(
    {"below": percents()},
    optional={
        "by": st.sampled_from(["company", "targeting_key"]),
        "salt": TEXT,
        "hash": st.just("murmur3"),
    },
)


def whens(segments: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of any kind that name only these segments."""
    leaves = [attribute_tests(), st.fixed_dictionaries({"bucket": BUCKETS})]
    if segments:
        leaves.append(st.fixed_dictionaries({"segment": st.sampled_from(segments)}))
    return st.recursive(
        st.one_of(leaves),
        lambda inner: st.one_of(
            st.fixed_dictionaries({"all": _listed(inner)}),
            st.fixed_dictionaries({"any": _listed(inner)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=4,
    )


@st.composite
def serves(draw: st.DrawFn, names: list[str]) -> str | dict[str, float]:
    """One variant, or a split that adds up to 100."""
    if draw(st.booleans()):
        return draw(st.sampled_from(names))
    parts = draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    cuts = sorted(
        draw(st.lists(st.integers(0, 100_000), min_size=len(parts) - 1, max_size=len(parts) - 1))
    )
    edges = [0, *cuts, 100_000]
    return {
        name: (high - low) / 1000 for name, low, high in zip(parts, edges, edges[1:], strict=False)
    }


@st.composite
def behaviours(draw: st.DrawFn, names: list[str], segments: list[str]) -> dict[str, Any]:
    """A flag in one environment."""
    rules = st.fixed_dictionaries(
        {"serve": serves(names)},
        optional={
            "name": TEXT,
            "when": whens(segments),
            "salt": TEXT,
            "bucket_by": st.just("company"),
        },
    )
    targets = draw(st.lists(TEXT, unique=True, max_size=4))
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "state": st.sampled_from(["on", "off"]),
                "off_variant": st.sampled_from(names),
                "targets": st.sampled_from(names).map(lambda name: {name: targets}),
                "rules": st.lists(rules, max_size=3),
                "default": serves(names),
                "bucket_by": st.sampled_from(["targeting_key", "company"]),
                "salt": TEXT,
            },
        )
    )


@st.composite
def definitions(draw: st.DrawFn, segments: list[str]) -> dict[str, Any]:
    """A flag of a flag file."""
    kind = draw(st.sampled_from(sorted(VALUES)))
    least = 0 if kind == "boolean" else 1
    variants = draw(st.dictionaries(NAMES, VALUES[kind], min_size=least, max_size=4))
    names = list(variants) or ["on", "off"]
    return draw(
        st.fixed_dictionaries(
            {
                "type": st.just(kind),
                "variants": st.just(variants),
                "environments": st.dictionaries(
                    st.sampled_from(ENVIRONMENTS), behaviours(names, segments)
                ),
            },
            optional={
                "description": TEXT,
                "owner": TEXT,
                "kind": st.sampled_from(["release", "operational", "permission", "experiment"]),
                "expires": st.just("2027-03-31"),
                "tags": st.lists(TEXT, max_size=2),
            },
        )
    )


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A good flag file, as plain data."""
    names = draw(st.lists(KEYS, unique=True, max_size=2))
    segments: dict[str, Any] = {}
    for name in names:
        segments[name] = {"when": draw(whens(list(segments))), "description": draw(TEXT)}
    flags = draw(st.dictionaries(KEYS, definitions(names), max_size=3))
    return {"flaghoist": 1, "segments": segments, "flags": flags}


JUNK = st.one_of(
    JSON, st.sampled_from([float("nan"), float("inf"), "\ud800", 10**400, {}, [], None])
)


@st.composite
def broken_files(draw: st.DrawFn) -> Any:
    """A good file in which up to three places hold something arbitrary."""
    data = copy.deepcopy(draw(files()))
    for _ in range(draw(st.integers(1, 3))):
        data = draw(_with_junk(data))
    return data


@st.composite
def _with_junk(draw: st.DrawFn, data: Any) -> Any:
    if not isinstance(data, dict | list) or not data or draw(st.integers(0, 7)) == 0:
        return draw(JUNK)
    if isinstance(data, dict):
        if draw(st.integers(0, 5)) == 0:
            return {**data, draw(TEXT): draw(JUNK)}
        key = draw(st.sampled_from(list(data)))
        return {**data, key: draw(_with_junk(data[key]))}
    index = draw(st.integers(0, len(data) - 1))
    return [*data[:index], draw(_with_junk(data[index])), *data[index + 1 :]]
