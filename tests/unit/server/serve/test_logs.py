"""A server's log: one line an event, whatever is in it."""

from __future__ import annotations

import json
import logging
import sys

from flaghoist_server.serve.logs import JsonLines, Lines


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("flaghoist.feed", logging.INFO, "f.py", 1, message, (), None)
    made.created = 1_806_494_400.1239
    made.__dict__.update(extra)
    return made


def test_a_line_has_time_level_message_and_what_is_known_beside_it() -> None:
    """In this order; names and values that a person can search for."""
    line = Lines().format(record("ready", action="serve.ready", flags=3))

    assert "2027-03-31T12:00:00.123Z INFO    ready action=serve.ready flags=3" == line


def test_nobody_can_write_a_line_of_their_own() -> None:
    """Line ends and spaces in what comes from outside are written as JSON writes them."""
    line = Lines().format(record("a\nb", because="x\n2027 ERROR fake", empty=""))

    assert r'INFO    a\nb because="x\n2027 ERROR fake" empty=""' == line.partition("Z ")[2]


def test_json_is_one_document_a_line_with_the_same_in_it() -> None:
    """Values that JSON has no word for are written as text."""
    line = JsonLines().format(record("rea\ndy", action="serve.ready", why=ValueError("no")))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2027-03-31T12:00:00.123Z",
        "level": "info",
        "logger": "flaghoist.feed",
        "message": "rea\ndy",
        "action": "serve.ready",
        "why": "no",
    }


def test_a_failure_that_nobody_foresaw_comes_with_its_trace() -> None:
    """In both forms."""
    try:
        int("nobody foresaw")
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()

    assert Lines().format(made).endswith("invalid literal for int() with base 10: 'nobody foresaw'")
    assert "nobody foresaw" in json.loads(JsonLines().format(made))["trace"]
