"""A TCP proxy that can do to a connection what networks do: go silent, cut, refuse, swallow."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

__all__ = ["Valve"]


class Valve:
    """Passes bytes between whoever connects to `port` and `target`, as long as it is open."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.is_open = True
        """`False`: connections are taken, and nothing passes any more in either direction."""
        self.accepted = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections at once, as a killed peer's kernel does."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._target))
            with far:
                self._pairs.append((near, far))
                self._pass(near, far)

    def _pass(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        while True:
            if not self.is_open:
                select.select([], [], [], 0.01)
                continue
            ready, _, _ = select.select([near, far], [], [], 0.01)
            for end in ready:
                data = end.recv(1 << 16)
                if not data:
                    return
                if self.is_open:
                    other[end].sendall(data)
