"""What a client is told: by arguments, and for what they leave out by the environment.

Rules: no connection is made here, and nothing heavy is imported. Arguments win over
`FLAGHOIST_…` variables. A token may stand in a file (`FLAGHOIST_TOKEN_FILE`), which is read each
time that the client connects, so that a rotated secret is used without a restart; nothing that
shows settings shows a token.
"""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from flaghoist.errors import FlaghoistError
from flaghoist.link.overrides import parse_overrides

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConfigurationError", "Options", "Pace", "Settings", "resolve"]

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_FALSE = ("", "0", "false", "no", "off")


class ConfigurationError(FlaghoistError, ValueError):
    """A client is told something that cannot be: the message says what, and what would do."""


class Options(TypedDict, total=False):
    """What `configure` and `Client` take, all of it optional."""

    url: str
    """Where the servers are; several are separated by commas and tried in turn."""
    token: str
    app: str
    """Who asks: shown in the fleet view."""
    build: str
    """Which build of it asks."""
    environment: str
    """Which environment of a flag file (bootstrap, file mode); a token names its own."""
    cache_dir: str
    """Where the last known good is kept for the next start."""
    bootstrap: str
    """A flag file to start with while nothing better is known."""
    overrides: Mapping[str, Any] | str
    """Fixed values, by flag key; as text, `new-checkout=off,theme=dark`."""
    offline: bool
    """Never connect."""
    poll_seconds: float
    """How often to ask where websockets cannot pass."""
    upgrade_seconds: float
    """How often to try a websocket again while polling."""


class Pace(NamedTuple):
    """How often what is done where a websocket cannot pass."""

    poll_s: float = 10.0
    upgrade_s: float = 300.0


class Settings(NamedTuple):
    """All that a client is told, checked."""

    urls: tuple[str, ...] = ()
    token: str = ""
    token_file: str = ""
    app: str = ""
    build: str = ""
    environment: str = ""
    cache_dir: str = ""
    bootstrap: str = ""
    overrides: Mapping[str, Any] = MappingProxyType({})
    offline: bool = False
    pace: Pace = Pace()

    @property
    def connects(self) -> bool:
        """Whether there is a server to connect to."""
        return bool(self.urls) and not self.offline

    @property
    def says_anything(self) -> bool:
        """Whether there is any source of flags at all."""
        return bool(self.urls or self.cache_dir or self.bootstrap or self.overrides)

    def current_token(self) -> str:
        """The token to connect with. Raises: OSError if its file cannot be read."""
        if not self.token_file:
            return self.token
        with open(self.token_file, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 5 ms
            return file.read().strip()

    def __repr__(self) -> str:
        """Without the token."""
        return f"Settings(urls={self.urls!r}, app={self.app!r}, build={self.build!r})"


def resolve(options: Options, environ: Mapping[str, str]) -> Settings:
    """The settings that these arguments and this environment make.

    Raises: ConfigurationError.
    """
    overrides = options.get("overrides", environ.get("FLAGHOIST_OVERRIDES", ""))
    offline = options.get("offline")
    if offline is None:
        offline = environ.get("FLAGHOIST_OFFLINE", "").strip().lower() not in _FALSE
    told = {name: _text(options, environ, name) for name in _TEXTS}
    return Settings(
        urls=_urls(_text(options, environ, "url")),
        token_file="" if told["token"] else environ.get("FLAGHOIST_TOKEN_FILE", ""),
        overrides=parse_overrides(overrides) if isinstance(overrides, str) else dict(overrides),
        offline=offline,
        pace=Pace(
            poll_s=_seconds(options, "poll_seconds", Pace().poll_s),
            upgrade_s=_seconds(options, "upgrade_seconds", Pace().upgrade_s),
        ),
        **told,
    )


_TEXTS = ("token", "app", "build", "environment", "cache_dir", "bootstrap")


def _text(options: Options, environ: Mapping[str, str], name: str) -> str:
    value = options.get(name)
    if value is None:
        value = environ.get(f"FLAGHOIST_{name.upper()}", "")
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be text, not {type(value).__name__}")
    return value.strip()


def _seconds(options: Options, name: str, default: float) -> float:
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{name} must be a number of seconds above 0, not {value!r}")
    return float(value)


def _urls(text: str) -> tuple[str, ...]:
    return tuple(_url(part.strip()) for part in text.split(",") if part.strip())


def _url(text: str) -> str:
    """The address of a server with its scheme as for HTTP, without a slash at its end."""
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition("@")[2].rpartition(":")
    if authority.endswith("]") or not colon:  # no port: `[::1]` has colons of its own
        host, port = authority, "80"
    if scheme in _SCHEMES and host and port.isdecimal() and 0 < int(port) < 1 << 16:
        return f"{_SCHEMES[scheme]}://{authority}{slash}{path}".rstrip("/")
    raise ConfigurationError(
        f"url {text!r} is no address of a server; expected something like "
        "http://127.0.0.1:8700 or https://flags.example.com"
    )
