"""A store's URL, read once."""

from __future__ import annotations

import pytest

from flaghoist_server.store.port import StoreError
from flaghoist_server.store.redis.target import Address, Login, read_url


@pytest.mark.parametrize(
    ("url", "shape", "hosts", "name", "database"),
    [
        pytest.param("redis://db", "server", [("db", 6379)], "", 0, id="one server"),
        pytest.param("redis://db:7/3", "server", [("db", 7)], "", 3, id="port and database"),
        pytest.param("redis://[::1]:7", "server", [("::1", 7)], "", 0, id="IPv6"),
        pytest.param("redis://", "server", [("127.0.0.1", 6379)], "", 0, id="this machine"),
        pytest.param(
            "redis+sentinel://a,b:1,c/flags/2",
            "sentinel",
            [("a", 26379), ("b", 1), ("c", 26379)],
            "flags",
            2,
            id="Sentinels",
        ),
        pytest.param(
            "redis+cluster://a,b:1", "cluster", [("a", 6379), ("b", 1)], "", 0, id="Cluster"
        ),
    ],
)
def test_every_form_of_address_is_read(
    url: str, shape: str, hosts: list[tuple[str, int]], name: str, database: int
) -> None:
    """One server, Sentinels and a Cluster, with what may be left out."""
    target = read_url(url)

    assert (shape, tuple(Address(*host) for host in hosts)) == (target.shape, target.hosts)
    assert (name, database) == (target.name, target.login.database)


def test_credentials_may_hold_any_character() -> None:
    """Percent escapes are undone, and an @ in the password does not end it."""
    target = read_url("redis://ops:p%3Aw@%2F@db")

    assert Login("ops", "p:w@/") == target.login


def test_a_password_alone_is_that_of_the_default_user() -> None:
    """`redis://:secret@host` is how passwords without a user are written."""
    assert Login("", "secret") == read_url("redis://:secret@db").login


def test_secrets_are_never_shown() -> None:
    """The URL that is told to people, and every repr, is without passwords."""
    target = read_url("rediss+sentinel://u:canary1@a/m/0?sentinel_password=canary2&wait_replicas=1")

    assert "rediss+sentinel://a/m/0?wait_replicas=1" == target.shown
    assert "canary" not in repr(target)


def test_tls_is_on_with_the_s() -> None:
    """`rediss` verifies the server's name and certificate."""
    login = read_url("rediss+cluster://a").login

    assert login.tls is not None
    assert login.tls.check_hostname


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("redis+sentinal://a/m", "no scheme 'redis+sentinal'", id="scheme"),
        pytest.param("redis+sentinel://a,b", "name the primary", id="no name"),
        pytest.param("redis://a/zero", "number of a database, not 'zero'", id="database"),
        pytest.param("redis+cluster://a/1", "a Cluster has one database", id="cluster database"),
        pytest.param("redis://a:port", "could not be cast", id="port"),
        pytest.param("redis://a?wait_replica=1", "unknown field `wait_replica`", id="option"),
        pytest.param("redis://a?wait_replicas=one", "Expected `int`", id="option's value"),
        pytest.param("redis://a?wait_ms=5000", "it must be 1 to 400", id="too long a wait"),
        pytest.param("redis://a?prefix={x}", "without braces", id="prefix"),
        pytest.param("rediss://a?ca=/nowhere.pem", "No such file", id="no certificate"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_by_name(url: str, said: str) -> None:
    """The text shows the URL and what is wrong in it."""
    with pytest.raises(StoreError) as caught:
        read_url(url)

    assert said in str(caught.value)
    assert url in str(caught.value)


def test_a_refusal_shows_no_password() -> None:
    """What is wrong is told without the secret in it."""
    with pytest.raises(StoreError) as caught:
        read_url("redis://:canary@a/zero?sentinel_password=canary")

    assert "canary" not in str(caught.value)
