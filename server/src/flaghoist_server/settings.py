"""What a server is told at its start: by arguments first, then by `FLAGHOIST_…` variables.

Rules: values only, no behaviour. A value that cannot be meant is a `SettingsError` before anything
is opened. Secrets may come from files (`FLAGHOIST_ADMIN_TOKEN_FILE`) and never show in a `repr`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from flaghoist_server.hub.limits import StreamLimits

__all__ = ["ApiLimits", "Settings", "SettingsError"]

MIN_ADMIN_TOKEN = 16


class SettingsError(ValueError):
    """A setting that cannot be meant; the text names it and says what is expected."""


class ApiLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller may ask of the HTTP API."""

    max_body: int = 1024 * 1024
    requests_per_second: float = 500.0
    request_burst: int = 1000
    failures_per_second: float = 5.0
    """Refused tokens per address: guessing 256 bits is hopeless, but it must not cost either."""
    failure_burst: int = 100
    max_wait_seconds: float = 300.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One server. `port` 0 lets the system choose one (tests)."""

    host: str = "127.0.0.1"
    port: int = 8700
    store: str = "sqlite:///flaghoist.db"
    admin_token: str = ""
    drain_seconds: float = 15.0
    """From SIGTERM until the last stream is closed; SDKs move within 60 % of it."""
    notice_seconds: float = 2.0
    """How long a draining server goes on serving at least, so that a balancer sees `/readyz`."""
    store_wait_seconds: float = 5.0
    """For a store that is away at the start, when nothing is known of it: things start together."""
    tls_certificate: str = ""
    tls_key: str = ""
    mirror: str = ""
    """A folder for what was last known, to start from while the store is away; "": none."""
    mirror_holds: bool = True
    """Whether the mirror is believed, too, where the store answers and has less: see `Mirror`."""
    log: Literal["text", "json"] = "text"
    stream: StreamLimits = msgspec.field(default_factory=StreamLimits)
    api: ApiLimits = msgspec.field(default_factory=ApiLimits)

    def __repr__(self) -> str:
        return f"Settings({self.host}:{self.port}, store={urlsplit(self.store).scheme!r})"

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def of(cls, environ: Mapping[str, str], **arguments: Any) -> Settings:
        """Arguments that are not None, else variables, else defaults. Raises: SettingsError."""
        values = {name: read(environ) for name, read in _VARIABLES.items()}
        values |= {name: value for name, value in arguments.items() if value is not None}
        settings = cls(**{name: value for name, value in values.items() if value is not None})
        return _with_mirror(settings, environ)


def _with_mirror(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """`off` is none. By itself a server on a store elsewhere has one, which is used with caution:
    it may be of another time in which another store was at this address.
    """
    if settings.mirror == "off":
        return msgspec.structs.replace(settings, mirror="")
    if settings.mirror or not settings.store.startswith("redis"):
        return settings
    home = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111  # pathlib's raises
    if not os.path.isabs(home):  # noqa: PTH117  # a user that is only a number, without a home
        return settings
    return msgspec.structs.replace(
        settings, mirror=str(Path(home) / "flaghoist"), mirror_holds=False
    )


def _text(variable: str) -> Callable[[Mapping[str, str]], str | None]:
    return lambda environ: environ.get(variable) or None


def _number(variable: str, kind: type[int | float]) -> Callable[[Mapping[str, str]], float | None]:
    def read(environ: Mapping[str, str]) -> float | None:
        text = environ.get(variable)
        try:
            return kind(text) if text else None
        except ValueError:
            raise SettingsError(f"{variable} is {text!r}; a number is expected") from None

    return read


def _secret(variable: str) -> Callable[[Mapping[str, str]], str | None]:
    def read(environ: Mapping[str, str]) -> str | None:
        file = environ.get(f"{variable}_FILE")
        if not file:
            return environ.get(variable) or None
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{variable}_FILE: cannot read {file!r}: {error}") from None

    return read


_VARIABLES: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "host": _text("FLAGHOIST_HOST"),
    "port": _number("FLAGHOIST_PORT", int),
    "store": _secret("FLAGHOIST_STORE"),
    "admin_token": _secret("FLAGHOIST_ADMIN_TOKEN"),
    "drain_seconds": _number("FLAGHOIST_DRAIN_SECONDS", float),
    "notice_seconds": _number("FLAGHOIST_NOTICE_SECONDS", float),
    "store_wait_seconds": _number("FLAGHOIST_STORE_WAIT_SECONDS", float),
    "tls_certificate": _text("FLAGHOIST_TLS_CERTIFICATE"),
    "tls_key": _text("FLAGHOIST_TLS_KEY"),
    "mirror": _text("FLAGHOIST_MIRROR"),
    "log": _text("FLAGHOIST_LOG"),
}


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65535:
        raise SettingsError(f"port {settings.port} does not exist; 0 to 65535 is expected")
    if settings.admin_token and len(settings.admin_token) < MIN_ADMIN_TOKEN:
        raise SettingsError(
            f"FLAGHOIST_ADMIN_TOKEN has {len(settings.admin_token)} characters; "
            f"at least {MIN_ADMIN_TOKEN} are expected"
        )
    if not 0 <= settings.drain_seconds <= 3600 or not 0 <= settings.notice_seconds <= 3600:
        raise SettingsError("FLAGHOIST_DRAIN_SECONDS and _NOTICE_SECONDS are from 0 to 3600")
    if not 0 <= settings.store_wait_seconds <= 3600:
        raise SettingsError("FLAGHOIST_STORE_WAIT_SECONDS is from 0 to 3600")
    if settings.log not in ("text", "json"):
        raise SettingsError(f"FLAGHOIST_LOG is {settings.log!r}; text or json is expected")
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise SettingsError("FLAGHOIST_TLS_CERTIFICATE and FLAGHOIST_TLS_KEY belong together")
