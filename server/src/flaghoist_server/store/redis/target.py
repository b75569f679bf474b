"""Which Redis, and how it is to be used: a URL read once into a frozen `Target`.

    redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]        one server
    redis+sentinel://[…@]HOST[:PORT],HOST…/NAME[/DATABASE]  the one that Sentinels call primary
    redis+cluster://[…@]HOST[:PORT],HOST…                   a Cluster, found from any of its nodes

`rediss` in place of `redis` speaks TLS. After `?`, each with its default:

    wait_replicas=0, wait_ms=200  an append waits for so many replicas for so long
    wait_aof=0                    and until it is on their disks, too (Redis 7.2)
    allow_volatile=0              1: start on a Redis that forgets or evicts
    prefix=fh                     of all keys
    ca=, cert=, key=              files, for TLS
    sentinel_password=            where it is another
"""

from __future__ import annotations

import ssl
from typing import Any, Literal, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from flaghoist_server.store.port import StoreError

__all__ = ["Address", "Login", "Target", "read_url"]

MAX_WAIT_MS = 400
"""With a second for a whole write, waiting for replicas may not take more of it."""

_SHAPES = {
    "redis": "server",
    "redis+sentinel": "sentinel",
    "redis+cluster": "cluster",
}
_PORTS = {"server": 6379, "sentinel": 26379, "cluster": 6379}

Shape = Literal["server", "sentinel", "cluster"]


class Address(NamedTuple):
    """A host and its port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Login(msgspec.Struct, frozen=True):
    """What every connection starts with. Never printed: it holds the password."""

    username: str = ""
    password: str = ""
    database: int = 0
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return "Login(…)"


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand after the question mark of the URL."""

    wait_replicas: int = 0
    wait_ms: int = 200
    wait_aof: bool = False
    allow_volatile: bool = False
    prefix: str = "fh"
    ca: str = ""
    cert: str = ""
    key: str = ""


class Target(msgspec.Struct, frozen=True):
    """Where the environments are kept. `shown` is the URL without its secrets."""

    shown: str
    shape: Shape
    hosts: tuple[Address, ...]
    login: Login
    sentinel_login: Login
    options: Options
    name: str = ""


def read_url(url: str) -> Target:
    """Read a store's URL.

    Raises:
        StoreError: the URL is not one of the forms above; the text names what is wrong in it.
    """
    try:
        return _read(urlsplit(url))
    except (ValueError, OSError, msgspec.ValidationError) as error:
        shown = _without_secrets(urlsplit(url))
        raise StoreError(f"the store's URL {shown!r} cannot be used: {error}") from error


def _read(parts: SplitResult) -> Target:
    scheme = parts.scheme.replace("rediss", "redis", 1)
    if scheme not in _SHAPES:
        raise ValueError(f"no scheme {parts.scheme!r}; known are {', '.join(sorted(_SHAPES))}")
    shape: Any = _SHAPES[scheme]
    given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    sentinel_password = given.pop("sentinel_password", "")
    options = _options(given)
    credentials, _, hosts = parts.netloc.rpartition("@")
    path = [part for part in parts.path.split("/") if part]
    name, database = _name_and_database(shape, path)
    tls = _tls(options) if parts.scheme.startswith("rediss") else None
    username, _, password = credentials.partition(":")
    return Target(
        shown=_without_secrets(parts),
        shape=shape,
        hosts=tuple(_address(host, _PORTS[shape]) for host in hosts.split(",")),
        login=Login(unquote(username), unquote(password), database, tls),
        sentinel_login=Login(password=sentinel_password, tls=tls),
        options=options,
        name=name,
    )


def _options(given: dict[str, str]) -> Options:
    options = msgspec.convert(given, Options, strict=False)
    if not 0 < options.wait_ms <= MAX_WAIT_MS:
        raise ValueError(f"wait_ms is {options.wait_ms}; it must be 1 to {MAX_WAIT_MS}")
    if set("{}") & set(options.prefix) or not options.prefix:
        raise ValueError(f"prefix {options.prefix!r} must be some text without braces")
    return options


def _name_and_database(shape: Shape, path: list[str]) -> tuple[str, int]:
    name = ""
    if shape == "sentinel":
        if not path:
            raise ValueError("name the primary as its Sentinels do: redis+sentinel://h1,h2/NAME/0")
        name, *path = path
    if shape == "cluster" and path:
        raise ValueError("a Cluster has one database; leave out the path")
    if len(path) > 1 or (path and not path[0].isdecimal()):
        raise ValueError(f"the path must be the number of a database, not {'/'.join(path)!r}")
    return name, int(path[0]) if path else 0


def _address(host: str, port: int) -> Address:
    parts = urlsplit(f"//{host}")
    return Address(parts.hostname or "127.0.0.1", parts.port or port)


def _tls(options: Options) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.ca or None)
    if options.cert:
        context.load_cert_chain(options.cert, options.key or None)
    return context


def _without_secrets(parts: SplitResult) -> str:
    query = "&".join(part for part in parts.query.split("&") if "password" not in part)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=query).geturl()
