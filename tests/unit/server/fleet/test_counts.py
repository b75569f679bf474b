"""Rates from reports, over a window of seconds that are counted by hand."""

from __future__ import annotations

from flaghoist_server.fleet.counts import WINDOW_SECONDS, Counts


def test_a_rate_is_what_was_reported_over_the_window() -> None:
    """Ten evaluations within the window of five seconds are two a second."""
    counts = Counts()
    counts.add({"f": {"on": 4, "off": 1}}, {"f"})
    counts.turn()
    counts.add({"f": {"on": 6}}, {"f"})
    counts.turn()

    assert {"f": {"on": 2.0, "off": 0.2}} == counts.rates()


def test_what_is_older_than_the_window_is_forgotten() -> None:
    """A flag that is not evaluated any more has no rate."""
    counts = Counts()
    counts.add({"f": {"on": 4}}, {"f"})

    for _ in range(WINDOW_SECONDS + 1):
        counts.turn()

    assert {} == counts.rates()
    assert 4 == counts.total


def test_unknown_flags_and_negative_counts_are_no_rates() -> None:
    """A report is outside data."""
    counts = Counts()
    counts.add({"nobody": {"on": 4}, "f": {"on": -5, "off": 0}}, {"f"})
    counts.turn()

    assert 4 == counts.total
    assert all(not variants for variants in counts.rates().values())


def test_variants_of_one_flag_are_bounded() -> None:
    """Names without end in a report cost no memory without end."""
    counts = Counts()
    for number in range(500):
        counts.add({"f": {f"variant-{number}": 1}}, {"f"})
    counts.turn()

    assert 100 == len(counts.rates()["f"])
    assert 500 == counts.total
