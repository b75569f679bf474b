"""What the demo knows of its processes and of the last changes."""

from __future__ import annotations

import pytest

from flaghoist_server.demo.scene import ChangeSeen, Process, Receipt, Scene


def change(version: int, at: float = 100.0) -> ChangeSeen:
    return ChangeSeen(version, at, "ci", "ramp", "new-checkout: ON for 5 %", "")


def started(name: str, version: int) -> Process:
    """A process that had this version when it was first seen."""
    process = Process(name, "1.0")
    process.applies(version, at=90.0)
    return process


def test_what_was_served_by_an_older_version_no_longer_counts() -> None:
    """After a kill the share is 0 at once and not after a while."""
    process = Process("web", "1.0")
    process.applies(3, at=1.0)
    process.answers_with("checkout=one-page", at=1.1)

    process.applies(4, at=2.0)
    process.answers_with("checkout=classic", at=2.1)

    assert process.share("checkout", "one-page") == 0.0


def test_a_share_is_unknown_before_anyone_asked() -> None:
    """No answer is another thing than an answer of no."""
    assert Process("web", "1.0").share("checkout", "one-page") is None


def test_shares_are_by_feature() -> None:
    """Features do not dilute each other."""
    process = Process("web", "1.0")
    for served in ("checkout=one-page; pictures=v1", "checkout=classic", "pictures=v1"):
        process.answers_with(served, at=1.0)

    assert process.share("checkout", "one-page") == pytest.approx(0.5)
    assert process.share("pictures", "v1") == 1.0


def test_the_rate_is_of_the_last_seconds() -> None:
    """Ten answers within five seconds are two a second; older ones are forgotten."""
    process = Process("web", "1.0")
    for tenth in range(20):
        process.answers_with("", at=100.0 + tenth)

    assert process.rate(now=119.0) == pytest.approx(6 / 5)


def test_a_change_has_arrived_when_this_or_a_later_version_is_applied() -> None:
    """Two changes that came together are applied together: both have arrived then."""
    processes = [started(name, 5) for name in ("fast", "slow", "behind")]
    fast, slow, behind = processes
    fast.applies(7, at=100.004)
    slow.applies(8, at=100.010)
    behind.applies(6, at=100.001)
    scene = Scene(processes, changes=[change(7)])

    receipt = scene.receipt(scene.changes[0])

    assert (3, 2) == (receipt.processes, receipt.applied)
    assert receipt.took == pytest.approx(0.010)


def test_what_a_process_started_with_did_not_come_to_it() -> None:
    """It has the change, but that says nothing about how fast a change is."""
    scene = Scene([started("web", 7)], changes=[change(7)])

    assert Receipt(1, 1, None) == scene.receipt(scene.changes[0])


def test_applying_a_version_again_does_not_change_when_it_came() -> None:
    """A reconnect tells the same version once more."""
    process = started("web", 6)
    process.applies(7, at=100.0)
    process.applies(7, at=200.0)

    assert process.has_since(7) == 100.0


def test_an_entry_of_the_history_is_read_with_its_time() -> None:
    """UTC with milliseconds, as the log has it."""
    entry = {"version": 2, "at": "1970-01-01T00:00:01.500Z", "actor": "me", "kind": "kill"}

    seen = ChangeSeen.of(entry, "new-checkout: KILLED")

    assert ChangeSeen(2, 1.5, "me", "kill", "new-checkout: KILLED", "") == seen
