"""Sessions end by themselves, are bounded, and cannot be read out of memory."""

from __future__ import annotations

from flaghoist_server.console import sessions
from flaghoist_server.console.sessions import IDLE_S, LIFETIME_S, Sessions

T = 1_800_000_000.0


def test_the_cookie_finds_its_session() -> None:
    """What was opened is found by its cookie alone."""
    kept = Sessions()
    secret, session = kept.open("token-1", T)

    assert session is kept.find(secret, T + 1)
    assert kept.find(secret + "x", T + 1) is None


def test_every_session_has_secrets_of_its_own() -> None:
    """Signing in again with one token gives another cookie and another form secret."""
    kept = Sessions()
    first, one = kept.open("token-1", T)
    second, other = kept.open("token-1", T)

    assert first != second
    assert one.csrf != other.csrf


def test_unused_it_ends() -> None:
    """Half an hour without use ends it, for good."""
    kept = Sessions()
    secret, _ = kept.open("token-1", T)

    assert kept.find(secret, T + IDLE_S + 1) is None
    assert kept.find(secret, T + 1) is None


def test_used_it_lasts_twelve_hours_and_no_longer() -> None:
    """Use prolongs it, up to its lifetime."""
    kept = Sessions()
    secret, _ = kept.open("token-1", T)
    for passed in range(0, int(LIFETIME_S), 1000):
        assert kept.find(secret, T + passed) is not None

    assert kept.find(secret, T + LIFETIME_S + 1) is None


def test_closed_is_closed() -> None:
    """Signing out ends it; doing so twice is fine."""
    kept = Sessions()
    secret, _ = kept.open("token-1", T)
    kept.close(secret)
    kept.close(secret)

    assert kept.find(secret, T) is None


def test_the_longest_unused_makes_room() -> None:
    """Memory is bounded: past the limit the one that was used least lately goes."""
    kept = Sessions()
    first, _ = kept.open("token-1", T)
    second, _ = kept.open("token-1", T)
    kept.find(first, T + 1)
    for _ in range(sessions.LIMIT - 1):
        kept.open("token-2", T + 2)

    assert kept.find(second, T + 3) is None
    assert kept.find(first, T + 3) is not None


def test_a_message_is_shown_once() -> None:
    """What a change came to is told on the next page and not on the one after."""
    _, session = Sessions().open("token-1", T)
    session.tell("Killed new-checkout.")

    assert ("Killed new-checkout.", False) == session.take_message()
    assert ("", False) == session.take_message()
