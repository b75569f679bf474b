"""Waiting until a write is as durable as configured: WAIT or WAITAOF, sent right behind it.

Both wait for what their own connection has written before, and for nothing else: on a connection
that has written nothing they answer at once that all have it. So a write goes before them, always.
"""

from __future__ import annotations

from collections.abc import Sequence

from flaghoist_server.store.redis.line import PATIENCE_S
from flaghoist_server.store.redis.target import Options
from flaghoist_server.store.redis.wire import Command, Reply

__all__ = ["enough", "patience_of", "wait_commands"]


def wait_commands(options: Options) -> list[Command]:
    """What to send behind a write; nothing where no replica is waited for."""
    if options.wait_aof:
        return [["WAITAOF", 1, options.wait_replicas, options.wait_ms]]
    return [["WAIT", options.wait_replicas, options.wait_ms]] if options.wait_replicas else []


def patience_of(options: Options) -> float:
    """For an attempt of a write and of the waiting behind it."""
    return PATIENCE_S + (options.wait_ms / 1000 if wait_commands(options) else 0)


def enough(options: Options, replies: Sequence[Reply]) -> bool:
    """Whether as many have it as was asked: WAIT tells replicas, WAITAOF [local, replicas]."""
    if not replies:
        return True
    if options.wait_aof:
        local, replicas = replies[0]
        return bool(local >= 1 and replicas >= options.wait_replicas)
    return bool(replies[0] >= options.wait_replicas)
