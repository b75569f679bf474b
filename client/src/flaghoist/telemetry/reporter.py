"""What was evaluated, as reports: at most one a second, each small enough for a frame.

Rules: no socket, no clock. The reporter drains the counters when a report is made, not when a
flag is evaluated. What could not be sent is kept and sent first, with the same sequence, so that
a server that has it already drops it. What is kept is bounded: counts add up in the counters
while nobody takes them, so an hour without a server costs no more than a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from flaghoist.protocol.messages import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flaghoist.evaluation.counters import Counters

__all__ = ["MOST_BYTES", "Reporter"]

MOST_BYTES = 30_000
"""Of counts in one report, and as much again for what was rejected: a server reads 64 KiB."""

_MOST_REJECTED = 20
_REASON_LIMIT = 200


class Reporter:
    """Turns counters into reports with rising sequence numbers."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._sequence = 0
        self._unsent: list[Report] = []
        self._told: dict[str, str] = {}

    def due(self, rejected: dict[str, str]) -> list[Report]:
        """What there is to say, oldest first. Call `sent` for each that went out."""
        if not self._unsent:
            bad = _shortened(rejected)
            counts = self._counters.drain()
            if counts or bad != self._told:
                self._unsent = [self._report(part, bad) for part in _parts(counts)]
                self._told = bad
        return list(self._unsent)

    def sent(self, report: Report) -> None:
        """This one is out."""
        self._unsent.remove(report)

    def say_again(self) -> None:
        """Another server listens now, and does not know what was rejected."""
        self._told = {}

    def forked(self) -> None:
        """In a child: what was counted until now is the parent's to tell."""
        self._counters.drain()
        self._sequence = 0
        self._unsent = []
        self._told = {}

    def _report(self, counts: dict[str, dict[str, int]], rejected: dict[str, str]) -> Report:
        self._sequence += 1
        return Report(self._sequence, counts, rejected)


def _parts(counts: dict[str, dict[str, int]]) -> Iterator[dict[str, dict[str, int]]]:
    """The counts in parts that fit into a report; one part of nothing if there are none."""
    part: dict[str, dict[str, int]] = {}
    size = 0
    for key, variants in counts.items():
        if not key.isprintable():  # never a flag's; a lone surrogate could not even be sent
            continue
        entry = len(msgspec.json.encode({key: variants}))
        if size + entry > MOST_BYTES:
            yield part
            part, size = {}, 0
        part[key] = variants
        size += entry
    yield part


def _shortened(rejected: dict[str, str]) -> dict[str, str]:
    first = list(rejected.items())[:_MOST_REJECTED]
    return {key: _sendable(why[:_REASON_LIMIT]) for key, why in first}


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
