"""What a client is told: arguments first, then variables; nonsense is refused with what would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flaghoist import ConfigurationError
from flaghoist.link.overrides import parse_overrides
from flaghoist.link.settings import Settings, resolve

VARIABLES = {
    "FLAGHOIST_URL": "http://a:1, wss://b/flags/",
    "FLAGHOIST_TOKEN": " t ",
    "FLAGHOIST_APP": "shop",
    "FLAGHOIST_BUILD": "7",
    "FLAGHOIST_CACHE_DIR": "/c",
    "FLAGHOIST_BOOTSTRAP": "/b.yaml",
    "FLAGHOIST_ENVIRONMENT": "staging",
    "FLAGHOIST_OVERRIDES": "new-checkout=off",
    "FLAGHOIST_OFFLINE": "1",
}


def test_every_variable_is_read() -> None:
    """Alone they are enough."""
    settings = resolve({}, VARIABLES)

    assert (
        Settings(
            urls=("http://a:1", "https://b/flags"),
            token="t",
            app="shop",
            build="7",
            environment="staging",
            cache_dir="/c",
            bootstrap="/b.yaml",
            overrides={"new-checkout": False},
            offline=True,
        )
        == settings
    )


def test_arguments_win() -> None:
    """Over the variable of the same name, also an empty one."""
    settings = resolve({"url": "https://c", "app": "", "offline": False}, VARIABLES)

    assert (("https://c",), "", False) == (settings.urls, settings.app, settings.offline)
    assert "t" == settings.token


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("https://flags.example.com/", "https://flags.example.com"),
        ("wss://flags.example.com", "https://flags.example.com"),
        ("ws://h:80/base/path/", "http://h:80/base/path"),
        ("http://[::1]:8700", "http://[::1]:8700"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_an_address_is_understood(url: str, expected: str) -> None:
    """As for HTTP; the path of a proxy is kept."""
    assert (expected,) == resolve({"url": url}, {}).urls


@pytest.mark.parametrize(
    "options",
    [
        {"url": "flags.example.com"},
        {"url": "redis://h"},
        {"url": "http://"},
        {"url": "http://h:0"},
        {"url": "http://h:http"},
        {"url": 8700},
        {"token": b"t"},
        {"poll_seconds": 0},
        {"poll_seconds": "often"},
        {"upgrade_seconds": True},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(options: Any) -> None:
    """At once, and with the value."""
    with pytest.raises(ConfigurationError, match=r"expected|must be"):
        resolve(options, {})


def test_a_token_is_never_shown() -> None:
    """Settings end up in logs and tracebacks."""
    settings = resolve({"token": "fh_sdk_secret"}, {"FLAGHOIST_URL": "http://h"})

    assert "secret" not in repr(settings)
    assert "secret" not in str(settings)


def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    """A secret that is rotated is used without a restart; a token that is told wins."""
    file = tmp_path / "token"
    settings = resolve({}, {"FLAGHOIST_TOKEN_FILE": str(file)})

    file.write_text("one\n")
    first = settings.current_token()
    file.write_text("two\n")

    assert ("one", "two") == (first, settings.current_token())
    assert "t" == resolve({"token": "t"}, {"FLAGHOIST_TOKEN_FILE": str(file)}).current_token()


@pytest.mark.parametrize(
    ("text", "offline"), [("1", True), ("true", True), ("", False), ("0", False), ("No", False)]
)
def test_offline_as_text(text: str, offline: bool) -> None:
    """As people write yes and no."""
    assert offline is resolve({}, {"FLAGHOIST_OFFLINE": text}).offline


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("new-checkout=off,theme=dark", {"new-checkout": False, "theme": "dark"}),
        (" a = on , b=FALSE ", {"a": True, "b": False}),
        ("n=3,f=0.5,m=-1", {"n": 3, "f": 0.5, "m": -1}),
        ('o={"a": [1, 2], "b": ","},l=[1,2]', {"o": {"a": [1, 2], "b": ","}, "l": [1, 2]}),
        ('theme="on",x="a,b"', {"theme": "on", "x": "a,b"}),
        ("version=1.2.3,t=-", {"version": "1.2.3", "t": "-"}),
        ("empty=,nothing,=x", {"empty": ""}),
        ("a={broken,b=on", {"a": "{broken,b=on"}),
        ("deep=" + "[" * 100_000, {"deep": "[" * 100_000}),
    ],
    ids=[
        "none",
        "contract",
        "spaces",
        "numbers",
        "json",
        "quoted",
        "no-number",
        "odd",
        "broken",
        "deep",
    ],
)
def test_overrides_are_read_as_people_mean_them(text: str, expected: dict[str, Any]) -> None:
    """What cannot be understood is text, or is left out: never a reason to fail."""
    assert expected == parse_overrides(text)
