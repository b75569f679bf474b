"""Settings come from arguments, then variables, then defaults; nonsense is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaghoist_server.settings import Settings, SettingsError

NONSENSE = {
    "no number": ({"FLAGHOIST_PORT": "http"}, "FLAGHOIST_PORT is 'http'; a number is expected"),
    "no such port": ({"FLAGHOIST_PORT": "70000"}, "port 70000 does not exist"),
    "short token": ({"FLAGHOIST_ADMIN_TOKEN": "short"}, "has 5 characters; at least 16"),
    "backwards": ({"FLAGHOIST_DRAIN_SECONDS": "-1"}, "are from 0 to 3600"),
    "no waiting": ({"FLAGHOIST_STORE_WAIT_SECONDS": "nan"}, "is from 0 to 3600"),
    "no such log": ({"FLAGHOIST_LOG": "xml"}, "FLAGHOIST_LOG is 'xml'; text or json"),
    "half of TLS": ({"FLAGHOIST_TLS_KEY": "key.pem"}, "belong together"),
    "no such file": ({"FLAGHOIST_STORE_FILE": "/nowhere"}, "FLAGHOIST_STORE_FILE: cannot read"),
}


def test_an_argument_counts_more_than_a_variable_and_that_more_than_the_default() -> None:
    """An argument that is None was not given, and an empty variable is none."""
    environ = {"FLAGHOIST_HOST": "10.0.0.1", "FLAGHOIST_PORT": "9000", "FLAGHOIST_LOG": ""}

    settings = Settings.of(environ, port=9001, host=None)

    assert ("10.0.0.1", 9001, "text") == (settings.host, settings.port, settings.log)


@pytest.mark.parametrize(("environ", "said"), NONSENSE.values(), ids=NONSENSE)
def test_what_cannot_be_meant_is_refused_by_name(environ: dict[str, str], said: str) -> None:
    """Before anything is opened."""
    with pytest.raises(SettingsError, match=said):
        Settings.of(environ)


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    """The file's line end is none of the secret."""
    secret = tmp_path / "token"
    secret.write_text("a secret of some length\n")
    store = "redis://:password@redis.example"

    settings = Settings.of({"FLAGHOIST_ADMIN_TOKEN_FILE": str(secret), "FLAGHOIST_STORE": store})

    assert "a secret of some length" == settings.admin_token
    assert "Settings(127.0.0.1:8700, store='redis')" == repr(settings)


def test_a_server_on_redis_has_a_mirror_unless_told_otherwise() -> None:
    """The default one is used with caution; a file beside the server needs none."""
    redis, home = {"FLAGHOIST_STORE": "redis://r"}, {"XDG_STATE_HOME": "/state"}

    assert ("/state/flaghoist", False) == mirror(redis | home)
    assert ("/own", True) == mirror(redis | home | {"FLAGHOIST_MIRROR": "/own"})
    assert ("", True) == mirror(redis | home | {"FLAGHOIST_MIRROR": "off"})
    assert ("", True) == mirror(home)


def test_a_user_without_a_home_has_no_mirror_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as users that are only a number."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987_654)

    assert ("", True) == mirror({"FLAGHOIST_STORE": "redis://r"})


def mirror(environ: dict[str, str]) -> tuple[str, bool]:
    settings = Settings.of(environ)
    return settings.mirror, settings.mirror_holds
