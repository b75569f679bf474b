"""How a server speaks: one line an event on stderr, first for people, then for machines.

    2027-03-31T12:00:00.123Z INFO  the feed follows the store action=feed.live environments=2

A record's `extra` is what is written as name=value. Whoever logs gives no token, no targeting key
and no value of a flag; a test holds that for the whole server.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

__all__ = ["JsonLines", "Lines", "set_up_logging"]

_ORDINARY = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


def set_up_logging(form: Literal["text", "json"], level: int = logging.INFO) -> None:
    """Send everything that is logged to stderr, uvicorn's own words only when they are warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("uvicorn", "httpx", "asyncio", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


class Lines(logging.Formatter):
    """A line of text: time, level, message, then what is known beside it."""

    def format(self, record: logging.LogRecord) -> str:
        known = "".join(f" {name}={_plain(value)}" for name, value in _extra(record).items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        message = record.getMessage().replace("\n", "\\n")
        return f"{_time(record)} {record.levelname:<7} {message}{known}{trace}"


class JsonLines(logging.Formatter):
    """A JSON document on one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line |= {"message": record.getMessage(), **_extra(record)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _ORDINARY}


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: object) -> str:
    text = str(value)
    return text if text and text.isprintable() and " " not in text else json.dumps(text)
