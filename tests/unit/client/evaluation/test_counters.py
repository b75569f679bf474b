"""Counting: exact, under threads too, bounded, and handed out once."""

from __future__ import annotations

import threading

from tests.unit.client.flags import ON, lookup_of
from tests.unit.client.threads import switching_often

from flaghoist.evaluation.counters import Counters

THREADS = 16
LOOKUPS = 2_000


def test_no_evaluation_is_lost_under_threads() -> None:
    """Sixteen threads that switch all the time, and drains in between, add up exactly."""
    lookup = lookup_of({"on": ON, "ten": {"off_variant": "off", "default": {"on": 10, "off": 90}}})
    done = threading.Event()
    drained: list[dict[str, dict[str, int]]] = []

    def evaluate() -> None:
        for number in range(LOOKUPS):
            lookup.is_enabled("on")
            lookup.value("ten", f"user-{number}")
            lookup.evaluate("on")
            lookup.is_enabled("unknown")

    def drain() -> None:
        while not done.is_set():
            drained.append(lookup.counters.drain())

    threads = [threading.Thread(target=evaluate) for _ in range(THREADS)]
    drainer = threading.Thread(target=drain)
    with switching_often():
        for thread in [*threads, drainer]:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        drainer.join()
    drained.append(lookup.counters.drain())

    total: dict[str, int] = {}
    for counts in drained:
        for key, variants in counts.items():
            total[key] = total.get(key, 0) + sum(variants.values())
    assert total == {
        "on": 2 * THREADS * LOOKUPS,
        "ten": THREADS * LOOKUPS,
        "unknown": THREADS * LOOKUPS,
    }


def test_a_drain_gives_what_came_since_the_last_one() -> None:
    """By key and variant; the caller's default has no name."""
    counters = Counters()
    counters.tally("f", "on").hits += 2
    counters.tally("f", "").hits += 1
    first = counters.drain()
    counters.tally("f", "on").hits += 3

    second = counters.drain()

    assert first == {"f": {"on": 2, "": 1}}
    assert second == {"f": {"on": 3}}
    assert counters.drain() == {}


def test_a_variant_has_one_tally() -> None:
    """Flags that are compiled anew go on counting where they were."""
    counters = Counters()

    assert counters.tally("f", "on") is counters.tally("f", "on")


def test_keys_that_do_not_exist_take_bounded_memory() -> None:
    """A key may come from a visitor: only a thousand different ones are counted, and no long one."""
    counters = Counters()

    for number in range(3_000):
        counters.add_unknown(f"unknown-{number}")
    counters.add_unknown("x" * 129)
    counters.add_unknown("unknown-1")

    counts = counters.drain()
    assert len(counts) == 1_000
    assert counts["unknown-1"] == {"": 2}


def test_an_unknown_key_is_counted_on_when_its_flag_comes() -> None:
    """The first evaluations of a flag are often made before it is."""
    counters = Counters()
    counters.add_unknown("new")
    counters.tally("new", "").hits += 1

    assert counters.drain() == {"new": {"": 2}}
