"""What a part of a fleet says by itself."""

from __future__ import annotations

from flaghoist_server.fleet.board import LocalBoard, Part


def test_a_part_counts_who_has_at_least_a_version() -> None:
    """-1 is one that has applied nothing yet."""
    part = Part("r", "production", "e", 7, versions={-1: 1, 5: 2, 7: 4})

    assert (7, 6, 4, 0) == (part.connected, part.applied(5), part.applied(6), part.applied(8))


async def test_a_server_alone_sees_nobody_else() -> None:
    """The local board takes everything and shows nothing."""
    board = LocalBoard()
    await board.start()
    await board.show(Part("r", "production", "e", 7))

    assert [] == await board.others("production")
    await board.close()
