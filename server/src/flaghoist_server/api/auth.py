"""Who may ask for what: one guard in front of every handler, and no handler without a word on it.

Rules: a handler states what it needs in its options, `opt=needs("read")`; an application with a
handler that states nothing does not start. The order of refusals tells a stranger least: no or a
bad token is 401, an environment that is not this token's is 404 (as if it did not exist), and
only then comes 403 for a role that may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler, WebsocketRouteHandler
from litestar.routes import ASGIRoute

from flaghoist_server.api.problem import Refusal, unknown_environment
from flaghoist_server.api.services import Services
from flaghoist_server.api.tokens import Identity, bearer
from flaghoist_server.change.roles import Permission, allows
from flaghoist_server.hub.bucket import Bucket

__all__ = ["OWN", "PUBLIC", "authorise", "check_all_guarded", "identity_of", "needs"]

PUBLIC = {"permission": "public"}
"""For handlers that anybody may call: health, metrics, documentation."""

OWN = {"permission": "own"}
"""For handlers that bring a guard of their own (the console's session)."""

_MAX_BUCKETS = 10_000


def needs(permission: Permission | Literal["any"], *, everywhere: bool = False) -> dict[str, Any]:
    """Handler options: this permission; `everywhere`: with a token of all environments.

    "any" is any good token.
    """
    return {"permission": permission, "everywhere": everywhere}


def identity_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Identity:
    """Who is asking, once the guard has let them pass."""
    return cast(Identity, connection.scope["state"]["identity"])


class _Callers:
    """Token buckets by caller; those that are full again are forgotten."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[str, Bucket] = {}

    def take(self, caller: str, now: float) -> float:
        """Take one; 0 if there was one, else the seconds to wait."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= _MAX_BUCKETS:
                self._forget(now)
            bucket = self._buckets[caller] = Bucket(self._rate, self._burst, now)
        return 0.0 if bucket.take(now) else max(bucket.wait(now), 0.001)

    def _forget(self, now: float) -> None:
        kept = {caller: b for caller, b in self._buckets.items() if not b.full(now)}
        self._buckets = kept if len(kept) < _MAX_BUCKETS else {}


class authorise:  # noqa: N801  # used as the guard function that it is
    """The guard: `guards=[authorise(services)]`. Raises: Refusal.

    It is asynchronous and awaits nothing, but for a token that is unknown: a plain function would
    be sent to a thread for each request, which costs more than all of what is done here.
    """

    def __init__(self, services: Services) -> None:
        limits = services.settings.api
        self._services = services
        self._requests = _Callers(limits.requests_per_second, limits.request_burst)
        self._failures = _Callers(limits.failures_per_second, limits.failure_burst)

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if _is_options(handler):
            return
        permission = handler.opt["permission"]
        if permission in ("public", "own"):
            return
        self._refuse_unless_ready()
        identity = await self._identify(connection)
        self._refuse_flood(identity)
        environment = connection.path_params.get("environment", "")
        foreign = identity.environment and environment and environment != identity.environment
        if foreign or (environment and environment not in self._services.feed.environments):
            raise unknown_environment(environment)
        if permission != "any" and not allows(identity.role, permission):
            raise Refusal(403, f"a token of role {identity.role!r} may not do this")
        if handler.opt["everywhere"] and identity.environment:
            raise Refusal(403, f"this token is for {identity.environment!r} alone")
        connection.scope["state"]["identity"] = identity

    def _refuse_unless_ready(self) -> None:
        readiness = self._services.readiness
        if not readiness.loaded:
            headers = {"Retry-After": "1"}
            raise Refusal(503, readiness.because, kind="not-ready", headers=headers)

    async def _identify(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Identity:
        text = bearer(connection.headers.get("authorization", ""))
        identity = await self._services.tokens.recognise(text) if text else None
        if identity is not None:
            return identity
        address = connection.client.host if connection.client else ""
        wait = self._failures.take(address, self._services.fleet.clock())
        if wait:
            raise _too_many("too many requests without a valid token", wait)
        detail = "the token is not valid" if text else "a token is needed"
        raise Refusal(
            401, f"{detail}: Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"}
        )

    def _refuse_flood(self, identity: Identity) -> None:
        wait = self._requests.take(identity.id, self._services.fleet.clock())
        if wait:
            raise _too_many("too many requests with this token", wait)


def check_all_guarded(app: Litestar) -> None:
    """Raises: AssertionError naming the first route that does not say what it needs."""
    for route in app.routes:
        for handler in _handlers(route):
            if "permission" not in handler.opt and not _is_options(handler):
                raise AssertionError(f"{route.path}: {handler} has no opt=needs(…)")


def _handlers(route: Any) -> Iterable[HTTPRouteHandler | WebsocketRouteHandler]:
    if isinstance(route, ASGIRoute):
        return [cast(Any, route.route_handler)]
    return cast(
        Iterable[HTTPRouteHandler], getattr(route, "route_handlers", None) or [route.route_handler]
    )


def _is_options(handler: BaseRouteHandler) -> bool:
    """Litestar's own handler, which answers OPTIONS with the methods and nothing else."""
    return getattr(handler, "http_methods", None) == {"OPTIONS"}


def _too_many(detail: str, wait: float) -> Refusal:
    return Refusal(429, detail, headers={"Retry-After": str(1 + int(wait))})
