"""One receipt's arithmetic."""

from __future__ import annotations

from flaghoist_server.fleet.receipt import Receipt


def test_every_way_to_settle_is_counted_apart() -> None:
    """Connected is applied, pending and gone; who said farewell is none of them."""
    receipt = Receipt(7, 1, 100.0, connected=4, has=1)

    receipt.confirm(101.0)
    receipt.dismiss(102.0)
    receipt.give_up(103.0)

    assert (3, 2, 0, 1) == (receipt.connected, receipt.applied, receipt.pending, receipt.gone)
    assert 103.0 == receipt.done_at


def test_whoever_waits_is_called_once_when_it_is_complete() -> None:
    """Not before the last, and not again."""
    receipt = Receipt(7, 1, 100.0, connected=2, has=0)
    called: list[str] = []
    receipt.when_done(lambda: called.append("done"))

    receipt.confirm(101.0)
    before = list(called)
    receipt.confirm(102.0)

    assert ([], ["done"]) == (before, called)


def test_without_anybody_to_wait_for_it_is_complete_at_once() -> None:
    """A fleet of nobody has applied everything."""
    receipt = Receipt(7, 1, 100.0, connected=3, has=3)
    called: list[str] = []

    receipt.when_done(lambda: called.append("done"))

    assert (["done"], 100.0, 3) == (called, receipt.done_at, receipt.applied)
