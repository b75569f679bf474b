"""How a child of the demo ends with it, however the demo ends: also by SIGKILL.

The demo holds the other end of each child's standard input and never writes to it. When the demo
is gone, the read here ends; there is nothing to clean up afterwards and nothing to poll.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

__all__ = ["end_with_parent"]

PATIENCE_SECONDS = 1.0
"""How long a polite end may take once there is nobody left to wait for it."""


def end_with_parent() -> None:
    """From now on this process ends when its standard input is closed at the other end."""
    threading.Thread(target=_watch, name="end-with-parent", daemon=True).start()


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
