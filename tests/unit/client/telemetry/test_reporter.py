"""Counters become reports: each thing once, in order, bounded."""

from __future__ import annotations

from flaghoist.evaluation.counters import Counters
from flaghoist.protocol.codec import encode
from flaghoist.protocol.messages import Report
from flaghoist.protocol.server_session import MAX_CLIENT_FRAME
from flaghoist.telemetry.reporter import Reporter


def count(counters: Counters, key: str, variant: str, times: int) -> None:
    counters.tally(key, variant).hits += times


def send_all(reporter: Reporter, rejected: dict[str, str] | None = None) -> list[Report]:
    """What a link does each second while it is connected."""
    reports = reporter.due(rejected or {})
    for report in reports:
        reporter.sent(report)
    return reports


def test_nothing_happened_nothing_is_said() -> None:
    """No empty reports."""
    assert [] == send_all(Reporter(Counters()))


def test_each_evaluation_is_reported_once() -> None:
    """With rising sequence numbers."""
    counters = Counters()
    reporter = Reporter(counters)

    count(counters, "a", "on", 2)
    first = send_all(reporter)
    count(counters, "a", "on", 1)
    count(counters, "b", "", 1)
    second = send_all(reporter)

    assert [Report(1, {"a": {"on": 2}})] == first
    assert [Report(2, {"a": {"on": 1}, "b": {"": 1}})] == second
    assert [] == send_all(reporter)


def test_what_could_not_be_sent_is_kept_as_it_was() -> None:
    """The same sequence, so that a server that has it already drops it; later counts wait."""
    counters = Counters()
    reporter = Reporter(counters)
    count(counters, "a", "on", 1)
    [unsent] = reporter.due({})
    count(counters, "a", "on", 5)

    again = send_all(reporter)
    later = send_all(reporter)

    assert [unsent] == again
    assert [Report(2, {"a": {"on": 5}})] == later


def test_what_is_rejected_is_said_when_it_changes() -> None:
    """And again to another server, which does not know of it."""
    reporter = Reporter(Counters())

    said = [send_all(reporter, {"bad": "unknown operator"}) for _ in range(2)]
    reporter.say_again()
    said.append(send_all(reporter, {"bad": "unknown operator"}))
    said.append(send_all(reporter, {}))

    bad = {"bad": "unknown operator"}
    assert [[bad], [], [bad], [{}]] == [[one.rejected for one in reports] for reports in said]


def test_a_child_does_not_tell_what_its_parent_counted() -> None:
    """Everything before the fork is the parent's."""
    counters = Counters()
    reporter = Reporter(counters)
    count(counters, "a", "on", 3)

    reporter.forked()
    count(counters, "a", "on", 1)

    assert [Report(1, {"a": {"on": 1}})] == send_all(reporter)


def test_an_hour_without_a_server_takes_no_memory() -> None:
    """Counts add up where they are; one report is kept, whoever evaluates what."""
    counters = Counters()
    reporter = Reporter(counters)

    for second in range(3600):
        count(counters, "a", "on", 1)
        counters.add_unknown(f"key of a visitor {second}")
        waiting = reporter.due({})

    assert [1] == [report.sequence for report in waiting]
    sent = send_all(reporter) + send_all(reporter)
    assert 3600 == sum(report.counts.get("a", {}).get("on", 0) for report in sent)
    assert sum(len(report.counts) for report in sent) <= 2 + 1_000


def test_a_key_that_cannot_be_sent_harms_no_other() -> None:
    """A lone surrogate has no UTF-8."""
    counters = Counters()
    counters.add_unknown("\ud800")
    counters.add_unknown("known")

    assert [{"known": {"": 1}}] == [report.counts for report in send_all(Reporter(counters))]


def test_a_report_is_never_too_large_to_be_read() -> None:
    """However long the names are, a server takes it; nothing that can be said is lost."""
    counters = Counters()
    longest = "\N{WAVING HAND SIGN}" * 124
    for flag in range(400):
        for variant in range(flag % 20):
            count(counters, f"{longest}{flag}", f"{longest}{variant}", 10**15)
    rejected = {f"{longest}{flag}": longest * 5 for flag in range(400)}

    reports = send_all(Reporter(counters), rejected)

    assert max(len(encode(report)) for report in reports) <= MAX_CLIENT_FRAME
    assert 380 == len({key for report in reports for key in report.counts})
