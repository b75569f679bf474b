"""The histogram that the metrics read."""

from __future__ import annotations

from flaghoist_server.hub.histogram import BOUNDS, Histogram


def test_counts_are_cumulative_and_end_with_all() -> None:
    """Each bound counts what was at most that; the last counts everything."""
    histogram = Histogram()
    for seconds in (0.001, 0.002, 0.3, 99.0):
        histogram.observe(seconds)

    counts = dict(histogram.cumulative())

    assert (1.0, 2.0, 3.0, 4.0) == tuple(counts[b] for b in ("0.001", "0.0025", "0.5", "+Inf"))
    assert len(BOUNDS) + 1 == len(counts)
    assert round(histogram.sum, 3) == 99.303
