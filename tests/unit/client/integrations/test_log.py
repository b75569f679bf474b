"""Log lines can say which variants they were written under."""

from __future__ import annotations

import logging

from tests.unit.client.integrations.shop import FLAG, shop_client

from flaghoist import Context
from flaghoist.integrations.log import FlagsFilter


def record() -> logging.LogRecord:
    return logging.LogRecord("shop", logging.INFO, __file__, 1, "order taken", None, None)


def test_a_line_has_the_variants_of_its_request() -> None:
    """The ambient context decides; an unknown flag is left out."""
    client = shop_client()
    line = record()

    with client.using(Context("user-1", plan="pro")):
        kept = FlagsFilter(FLAG, "no-such-flag", client=client).filter(line)

    assert kept is True
    assert "new-checkout=on" == line.flags  # type: ignore[attr-defined]  # the filter sets it
    assert client.snapshot.version == line.flags_version  # type: ignore[attr-defined]  # the filter sets it


def test_a_log_line_is_no_evaluation() -> None:
    """Looking is not counted, or logs would look like traffic."""
    client = shop_client()
    counters = client._engine.load().counters

    FlagsFilter(FLAG, client=client).filter(record())

    assert {} == counters.drain()


def test_an_override_is_called_that() -> None:
    """Its value stays out of the log."""
    client = shop_client()
    line = record()

    with client.override({FLAG: True}):
        FlagsFilter(FLAG, client=client).filter(line)

    assert "new-checkout=override" == line.flags  # type: ignore[attr-defined]  # the filter sets it
