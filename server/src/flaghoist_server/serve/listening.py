"""The port: taken first, so that one that is taken is found before the store is touched."""

from __future__ import annotations

import errno
import socket

__all__ = ["BACKLOG", "ServerError", "listen"]

BACKLOG = 4096
"""Connections that wait to be accepted: a fleet that comes back comes at once."""


class ServerError(Exception):
    """The server cannot be started; one line that says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at this address. Raises: ServerError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServerError(f"cannot listen at {host!r}: {error.strerror or error}") from error
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(_cannot_listen(host, port, error)) from error
    listener.setblocking(False)
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    what = (error.strerror or str(error)).lower()
    option = "--host" if error.errno == errno.EADDRNOTAVAIL else "--port"
    return f"cannot listen on {host}:{port}: {what}; choose another with {option}"
