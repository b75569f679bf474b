"""What a client says of itself. A record of one moment: read it again for the next."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Source", "Status", "Transport"]

Source = Literal["server", "cache", "bootstrap", "file", "none"]
Transport = Literal["websocket", "polling", "file", "none"]


class Status(NamedTuple):
    """The truth about a client, for health checks, dashboards and people."""

    ready: bool
    """Flags have been loaded, from whatever source: evaluations give real values."""
    connected: bool
    """A server (or, in file mode, a readable file) is being followed right now."""
    source: Source
    """Where the values in use came from."""
    transport: Transport
    """How the source is being followed right now."""
    environment: str
    epoch: str
    version: int
    flags: int
    """How many flags there are."""
    age_seconds: float | None
    """Since what is in use was last known to be the newest; `None`: never, in this process."""
    last_error: str | None
    """The last thing that went wrong, however long ago."""
    rejected: dict[str, str]
    """Flags that were set aside, and why. They keep their last good form if there was one."""
    compiled: bool
    """Whether the hot path runs as compiled code or as plain Python."""
    instance: str
    """This process's name in the fleet view. A forked child has its own."""
    url: str
    """The server that is, or was last, connected to."""
    reconnects: int
    """How often a stream was lost or moved and another was opened."""
    divergences: int
    """How often what was here differed from what the server said it had to be."""
    notes: dict[str, int]
    """How often what was unusual in the protocol happened, by its name."""
    cache: str
    """How the last writing of the disk cache went; `off` without one."""
