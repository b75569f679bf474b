"""Whatever is asked, in whatever way: an answer, no exception, nothing done outside, nothing torn.

A small share runs always; `make fuzz` runs millions (FLAGHOIST_FUZZ_EVALUATIONS).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.client.evaluation.worlds import FLAGS, attribute, context, world
from tests.unit.client.flags import OFF, ON, lookup_of, raw
from tests.unit.client.threads import switching_often

from flaghoist.evaluation import COMPILED
from flaghoist.evaluation.context import Context
from flaghoist.evaluation.result import Evaluation
from flaghoist.lookup import Lookup

EVALUATIONS = int(os.environ.get("FLAGHOIST_FUZZ_EVALUATIONS", "30000"))
ROUNDS = 200  # of three evaluations, in each environment
READS_A_BLOCK = 4

NoIo = Callable[[], AbstractContextManager[None]]


def ask(lookup: Lookup, key: Any, asked: Any, default: Any) -> None:
    """All three questions: each is answered in its type."""
    assert type(lookup.is_enabled(key, asked, default)) is bool
    lookup.value(key, asked, default)
    assert type(lookup.evaluate(key, asked, default)) is Evaluation


def test_fuzz_any_flag_in_any_context_has_an_answer_and_does_no_io(no_io: NoIo) -> None:
    """No exception, no file, socket, thread or import; every evaluation is counted."""
    for seed in range(-(-EVALUATIONS // (3 * ROUNDS))):
        rng = Random(seed)
        lookup = lookup_of(*world(rng))
        questions = [
            (
                rng.choice(FLAGS),
                context(rng),
                rng.choice([None, False, "x", 0, 0.5, {}, attribute(rng)]),
            )
            for _ in range(ROUNDS)
        ]

        with no_io():
            for key, asked, default in questions:
                ask(lookup, key, asked, default)

        counts = lookup.counters.drain()
        assert sum(sum(variants.values()) for variants in counts.values()) == 3 * ROUNDS, seed


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(st.characters(exclude_categories=[])),
        st.binary(),
        st.dates(),
        st.datetimes(),
        st.timedeltas(),
        st.decimals(),
        st.fractions(),
        st.uuids(),
        st.builds(object),
        st.sampled_from([Context, ask, NotImplemented, ..., sys]),
    ),
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner),
        st.dictionaries(st.sampled_from(["plan", "targeting_key", "address"]), inner),
        st.dictionaries(inner.filter(_is_hashable), inner),
        st.builds(Context, inner, plan=inner),
    ),
    max_leaves=8,
)


LOOKUPS = [lookup_of(*world(Random(seed))) for seed in range(20)]


@settings(deadline=None)
@given(st.sampled_from(LOOKUPS), st.one_of(st.sampled_from(FLAGS), ANYTHING), ANYTHING, ANYTHING)
def test_property_arguments_of_any_type_have_an_answer(
    lookup: Lookup, key: Any, asked: Any, default: Any
) -> None:
    """Also such as no caller should pass."""
    ask(lookup, key, asked, default)
    lookup.all(asked)


def test_fuzz_pinned_reads_see_no_torn_pair() -> None:
    """Sixteen threads read two flags that always change together, a thousand times a second."""
    blocks = EVALUATIONS // (16 * READS_A_BLOCK) + 1
    lookup = lookup_of({"a": ON, "b": ON})
    first = lookup.snapshot
    second = first.changed(2, {"a": (2, raw(OFF)), "b": (2, raw(OFF))}, {})
    began = time.monotonic()
    swaps: list[int] = []
    seen: list[int] = []
    torn: list[tuple[Any, Any]] = []

    def swap_when_due() -> None:
        """Whoever comes by when a millisecond is over: a thread of its own would wait its turn."""
        if time.monotonic() - began > len(swaps) / 1000:
            lookup._swap(second if lookup.snapshot is first else first)
            swaps.append(1)

    def read() -> None:
        left = blocks
        while left > 0 or len(swaps) < 3:
            swap_when_due()
            with lookup.pinned() as snapshot:
                pair = lookup.is_enabled("a"), lookup.value("b")
                again = lookup.evaluate("a").value, lookup.all()["b"]
            if len({*pair, *again}) != 1 or pair[0] != (snapshot is first):
                torn.append((pair, again))
            seen.append(READS_A_BLOCK)
            left -= 1

    with switching_often():
        readers = [threading.Thread(target=read) for _ in range(16)]
        for thread in readers:
            thread.start()
        for thread in readers:
            thread.join()

    rate = len(swaps) / (time.monotonic() - began)
    print(f"{sum(seen)} pinned reads, {rate:.0f} swaps a second, {len(torn)} torn")
    assert torn == []
    assert sum(seen) >= EVALUATIONS


@pytest.mark.skipif(COMPILED, reason="what compiled code calls cannot be watched")
def test_fuzz_no_lock_is_taken() -> None:
    """Watched by the profiler: no evaluation asks for a lock, or sleeps, or waits."""
    called: set[str] = set()

    def profile(_frame: object, event: str, function: Any) -> None:
        if event == "c_call":
            called.add(getattr(function, "__qualname__", repr(function)))

    for lookup in LOOKUPS:
        rng = Random(0)
        questions = [(rng.choice(FLAGS), context(rng), None) for _ in range(ROUNDS)]
        sys.setprofile(profile)
        try:
            for key, asked, default in questions:
                lookup.is_enabled(key, asked)
                lookup.evaluate(key, asked, default)
        finally:
            sys.setprofile(None)

    waiting = ("acquire", "lock", "wait", "sleep", "select", "join", "recv", "read")
    assert not [
        name for name in called if name.split(".")[-1].startswith(waiting) and name != "str.join"
    ]
    assert "dict.get" in called
