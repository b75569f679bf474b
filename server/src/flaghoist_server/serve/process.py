"""The process that `flaghoist serve` is: signals in, an exit code out.

SIGTERM leaves in good order within the drain time. Ctrl-C is for somebody who waits: it drains for
a second. A second signal of either kind ends at once.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable

import uvloop

from flaghoist_server.serve.files import open_many_files
from flaghoist_server.serve.logs import set_up_logging
from flaghoist_server.serve.notify import READY, STOPPING, notify
from flaghoist_server.serve.server import Server, ServerError
from flaghoist_server.settings import Settings
from flaghoist_server.store.port import StoreError

__all__ = ["run"]

_HURRIED_SECONDS = 1.0


def run(settings: Settings, ready: Callable[[Server], None] | None = None) -> int:
    """Serve until a signal; the exit code. `ready` is called once traffic may come."""
    set_up_logging(settings.log)
    open_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[Server], None] | None) -> int:
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.put_nowait, number)
    try:
        server = Server(settings)
        starting = asyncio.create_task(server.start(), name="start")
        asked = asyncio.create_task(signals.get(), name="signal")
        await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return 0
        await starting
    except (ServerError, StoreError) as error:
        print(f"flaghoist: {error}", file=sys.stderr)  # the one line that is owed
        return 1
    if ready is not None:
        ready(server)
    notify(READY)
    gc.collect()
    gc.freeze()  # what is there now stays: later collections need not look at it
    told = await asked
    notify(STOPPING)
    await _leave(server, told, signals)
    return 0


async def _leave(
    server: Server, first: signal.Signals, signals: asyncio.Queue[signal.Signals]
) -> None:
    hurried = first is signal.SIGINT
    stopping = asyncio.create_task(server.stop(drain=_HURRIED_SECONDS if hurried else None))
    again = asyncio.create_task(signals.get())
    await asyncio.wait({stopping, again}, return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    if stopping.done():
        await stopping
