"""From the address of a store to the board that its servers share."""

from __future__ import annotations

from flaghoist_server.fleet.board import FleetBoard, LocalBoard

__all__ = ["open_board"]


def open_board(store_url: str, replica: str) -> FleetBoard:
    """The board of the servers of this store; a file or memory has one server, which is alone."""
    if store_url.startswith("redis"):
        from flaghoist_server.fleet.redis_board import RedisBoard  # noqa: PLC0415  # not for SQLite

        return RedisBoard(store_url, replica)
    return LocalBoard()
