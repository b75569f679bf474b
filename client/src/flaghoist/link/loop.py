"""The event loop of the link's thread: asyncio's own, made safe to fork and quick to leave.

Rules: imported by the thread, never by the application's import of `flaghoist`: asyncio costs
30 ms. Nothing of the protocol is known here.

Three differences to a plain loop:

- It sleeps without the link's gate, so that a fork can only happen while it sleeps (`forking`).
- It has no thread pool. Pools join their threads when the interpreter ends, so that one look-up
  of a name that hangs would hang the program's exit. A daemon thread per call does not.
- It can be *abandoned*: in a forked child its descriptors are closed and nothing else of it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from flaghoist.link import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from flaghoist.link.forking import ForkGate

__all__ = ["LinkLoop", "in_daemon_thread"]

_T = TypeVar("_T")


class LinkLoop(asyncio.SelectorEventLoop):
    """A loop that holds `gate` except while it sleeps. The thread that makes it holds it."""

    def __init__(self, gate: ForkGate) -> None:
        self._gated = _GatedSelector(gate)
        super().__init__(self._gated)
        self.set_exception_handler(_note)

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        """Resolve a name in a daemon thread."""
        return await in_daemon_thread(lambda: socket.getaddrinfo(host, port, *_order(hints)))

    def abandon(self) -> None:
        """In a forked child: close what was inherited, without touching what is shared.

        The selector goes first: were it asked to forget a socket, it would forget it for the
        parent too, since both hold the same epoll.
        """
        descriptors = [key.fd for key in (self._gated.get_map() or {}).values()]
        self._gated.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in descriptors:
            # The number stays taken: the socket object that owns it will close it once more.
            os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    def __del__(self) -> None:
        """Without the warning about a loop that is not closed: an abandoned one never is."""


async def in_daemon_thread(function: Callable[[], _T]) -> _T:
    """What `function` returns or raises, from a thread that keeps nobody from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if future.done():  # whoever waited has given up
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # None only where T allows it
        else:
            future.set_exception(error)

    def work() -> None:
        try:
            outcome: tuple[_T | None, BaseException | None] = (function(), None)
        except Exception as error:  # noqa: BLE001 - raised anew where it is awaited
            outcome = (None, error)
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name="flaghoist-helper", daemon=True).start()
    return await future


class _GatedSelector(selectors.DefaultSelector):
    def __init__(self, gate: ForkGate) -> None:
        super().__init__()
        self._gate = gate

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._gate.release()
        try:
            return super().select(timeout)
        finally:
            self._gate.acquire()


def _order(hints: dict[str, Any]) -> tuple[int, ...]:
    return tuple(hints.get(name, 0) for name in ("family", "type", "proto", "flags"))


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio would print as an error: all that matters reaches `status` another way."""
    logs.logger().debug("asyncio: %s", context.get("message"), extra={"action": "link_loop"})
