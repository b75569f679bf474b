"""Where the first flags come from: server, else disk, else bootstrap file, else defaults."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.sdk.service import FLAG, Service, until

from flaghoist import Client
from flaghoist.process import ProcessClient

ClientOf = Callable[..., Client]

BOOTSTRAP = """
flaghoist: 1
flags:
  new-checkout: {type: boolean, environments: {production: {state: on, default: on}}}
  only-in-bootstrap: {type: boolean, environments: {production: {state: on, default: on}}}
"""
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def bootstrap(tmp_path: Path) -> Path:
    path = tmp_path / "bootstrap.yaml"
    path.write_text(BOOTSTRAP)
    return path


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def cache_dir(tmp_path: Path, service: Service) -> Path:
    """A cache that a client has left behind: `FLAG` is on in it."""
    folder = tmp_path / "cache"
    with Client(url=service.url, token=service.token, cache_dir=str(folder)) as client:
        assert client.wait_until_ready(10)
        until(lambda: client.status.cache == "ok")
    return folder


def test_without_any_source_there_are_defaults(mute: str) -> None:
    """And `wait_until_ready` says so, after its timeout and not later."""
    with Client(url=mute, token="t") as client:
        begun = time.monotonic()

        assert client.wait_until_ready(0.3) is False
        assert 0.3 <= time.monotonic() - begun < 3
        assert "mine" == client.value(FLAG, default="mine")
        assert ("none", False, None) == (
            client.status.source,
            client.status.connected,
            client.status.age_seconds,
        )


def test_the_cache_comes_before_the_bootstrap_file(
    cache_dir: Path, bootstrap: Path, service: Service
) -> None:
    """With nobody there the last known good is used, and nobody waits for the server."""
    options = {"token": service.token, "cache_dir": str(cache_dir), "bootstrap": str(bootstrap)}
    with Client(url=NOWHERE, **options) as client:  # type: ignore[arg-type]  # all of it is text
        assert client.wait_until_ready(10) is True

        assert client.is_enabled(FLAG) is True
        assert client.is_enabled("only-in-bootstrap") is False
        assert "cache" == client.status.source
        assert client.status.version > 0


def test_the_bootstrap_file_comes_before_the_defaults(bootstrap: Path) -> None:
    """A first start without a server is a start all the same."""
    with Client(url=NOWHERE, token="t", bootstrap=str(bootstrap)) as client:
        assert client.wait_until_ready(10) is True

        assert client.is_enabled("only-in-bootstrap") is True
        assert "bootstrap" == client.status.source


def test_the_server_takes_the_place_of_either(
    cache_dir: Path, service: Service, client_of: ClientOf
) -> None:
    """And only what has changed since is sent, if the cache is of the same history."""
    service.change("off")
    client = client_of(service, cache_dir=str(cache_dir))

    assert client.wait_until_ready(10) is True
    assert ("server", False) == (client.status.source, client.is_enabled(FLAG))


def test_the_last_flip_before_the_end_is_in_the_cache(
    cache_dir: Path, service: Service, client_of: ClientOf
) -> None:
    """A kill must not be undone by a restart without a server."""
    client = client_of(service, cache_dir=str(cache_dir))
    assert client.wait_until_ready(10)
    service.change("kill", wait_s=5)
    client.close()

    with Client(url=NOWHERE, token=service.token, cache_dir=str(cache_dir)) as later:
        assert later.wait_until_ready(10)
        assert later.is_enabled(FLAG, default=True) is False


def test_a_bootstrap_file_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """It stops nothing: the next source is taken."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("flaghoist: 1\nflags: {x: {type: wrong}}")
    with Client(url=NOWHERE, token="t", bootstrap=str(bad)) as client:
        until(lambda: client.status.last_error)

        assert client.is_enabled("x", default=True) is True


def test_another_token_does_not_see_the_cache(cache_dir: Path, service: Service) -> None:
    """It may be one of another environment."""
    with Client(url=NOWHERE, token="another", cache_dir=str(cache_dir)) as client:
        assert client.wait_until_ready(0.5) is False
        assert "none" == client.status.source


def test_a_cache_folder_that_cannot_be_written_is_a_word_in_status(
    service: Service, client_of: ClientOf, tmp_path: Path
) -> None:
    """Flags are followed without it."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    client = client_of(service, cache_dir=str(in_the_way / "cache"))

    assert client.wait_until_ready(10) is True
    until(lambda: client.status.cache.startswith("error"))
    assert client.is_enabled(FLAG) is True


def test_offline_means_no_connection(bootstrap: Path) -> None:
    """For tests, trains and incidents: FLAGHOIST_OFFLINE."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(url=url, token="t", bootstrap=str(bootstrap), offline=True) as client:
            assert client.wait_until_ready(10) is True
            assert client.is_enabled("only-in-bootstrap") is True
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_overrides_in_the_environment_win(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator switches one process by hand, from the first question on."""
    monkeypatch.setenv("FLAGHOIST_URL", service.url)
    monkeypatch.setenv("FLAGHOIST_TOKEN", service.token)
    monkeypatch.setenv("FLAGHOIST_OVERRIDES", f"{FLAG}=off,theme=dark,limit=3")
    client = ProcessClient()

    first = client.is_enabled(FLAG, default=True)
    assert client.wait_until_ready(10)

    assert (False, False) == (first, client.is_enabled(FLAG, default=True))
    assert ("dark", 3) == (client.value("theme", default="light"), client.value("limit"))
    client.close()


def test_the_token_may_stand_in_a_file(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a mounted secret: FLAGHOIST_TOKEN_FILE."""
    secret = tmp_path / "token"
    secret.write_text(service.token + "\n")
    monkeypatch.setenv("FLAGHOIST_TOKEN_FILE", str(secret))

    with Client(url=service.url) as client:
        assert client.wait_until_ready(10) is True


def test_the_server_may_come_later(own_service: Service) -> None:
    """Nobody there at the start: once it is, its flags are in use within its turn of waiting."""
    own_service.stop()
    with Client(url=own_service.url, token=own_service.token) as client:
        assert client.wait_until_ready(0.2) is False

        own_service.start()

        until(lambda: client.is_enabled(FLAG), within_s=20)
