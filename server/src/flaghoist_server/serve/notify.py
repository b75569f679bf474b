"""What a service manager is told, if one asked: systemd's protocol (sd_notify), a datagram a word.

With `Type=notify` a unit counts as started once flags are served, and not when the process is.
"""

from __future__ import annotations

import contextlib
import os
import socket

__all__ = ["READY", "STOPPING", "notify"]

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(state: str) -> None:
    """Tell it; nobody asked, or nobody listens any more: nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # in Linux's abstract namespace
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(address)
        manager.send(state.encode())
