"""One process of the storefront: `python -m flaghoist_server.demo.storefront NAME PORT`.

It says on stdout, in JSON, one line each: where it serves, and each version of the flags that it
has applied, with the time. `FLAGHOIST_URL`, `_TOKEN`, `_APP` and `_BUILD` are the SDK's own.
"""

from __future__ import annotations

import json
import socket
import sys
import time

import uvicorn

from flaghoist import flags
from flaghoist_server.demo.parent import end_with_parent
from flaghoist_server.demo.storefront.app import make_app

__all__ = ["main"]

READY_SECONDS = 10.0


def main(name: str, port: int) -> None:
    """Serve until told to end."""
    end_with_parent()
    flags.on_change(lambda *_: _applied())
    flags.configure()
    if not flags.wait_until_ready(timeout=READY_SECONDS):
        sys.exit(f"no flags within {READY_SECONDS:g} s: {flags.status.last_error}")
    _applied()
    listening = _listen(port)
    tell(port=listening.getsockname()[1])
    config = uvicorn.Config(make_app(flags, name), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])
    flags.close()


def tell(**what: object) -> None:
    """Tell the demo, at once."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _applied() -> None:
    tell(version=flags.status.version, at=time.time())


def _listen(port: int) -> socket.socket:
    """A socket on `port`, or on any other where that one is taken."""
    for wanted in (port, 0):
        try:
            return socket.create_server(("127.0.0.1", wanted))
        except OSError:
            continue
    raise OSError("no port can be had on 127.0.0.1")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
