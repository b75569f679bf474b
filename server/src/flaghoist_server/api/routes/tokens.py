"""Tokens: made, listed, revoked. A token's text is in one answer, once, and nowhere else."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from flaghoist_server.api import answers
from flaghoist_server.api.auth import identity_of, needs
from flaghoist_server.api.problem import Refusal, unknown_environment
from flaghoist_server.api.services import Services
from flaghoist_server.change.roles import ROLES, is_role
from flaghoist_server.store.port import TokenRecord

__all__ = ["HANDLERS"]

_FOR_ONE_ENVIRONMENT = ("sdk", "client")
_MAX_NAME = 100
_LONGEST_SECONDS = 10 * 366 * 24 * 3600


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`environment` left out: all of them (not for the roles `sdk` and `client`)."""

    role: str
    environment: str | None = None
    name: str | None = None
    expires_in_seconds: float | None = None


@get("/tokens", opt=needs("admin"), tags=["tokens"])
async def list_tokens(
    services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> answers.Tokens:
    """The tokens that were not revoked, without their secrets."""
    own = identity_of(request).environment
    records = [r for r in services.tokens.records() if own in ("", r.environment)]
    return answers.Tokens(tokens=[_shown(record) for record in records])


@post("/tokens", opt=needs("admin"), tags=["tokens"])
async def create_token(
    services: NamedDependency[Services], request: Request[Any, Any, Any], data: JSONBody[NewToken]
) -> answers.Issued:
    """Make a token. `token` in the answer is its text: it is not kept and not shown again."""
    _stay_inside(request, data.environment or "")
    _check(services, data)
    text, record = await services.tokens.issue(
        data.role, data.environment or "", data.name or "", data.expires_in_seconds
    )
    return answers.Issued(token=text, **msgspec.structs.asdict(_shown(record)))


@delete("/tokens/{token_id:str}", opt=needs("admin"), status_code=200, tags=["tokens"])
async def revoke_token(
    services: NamedDependency[Services], request: Request[Any, Any, Any], token_id: FromPath[str]
) -> answers.Revoked:
    """Make a token worthless. Streams that were opened with it are closed."""
    record = services.tokens.record(token_id)
    own = identity_of(request).environment
    if record is None or own not in ("", record.environment):
        raise Refusal(404, f"there is no token {token_id!r}", kind="unknown-token")
    await services.tokens.revoke(token_id)
    return answers.Revoked(id=token_id, revoked=True)


def _check(services: Services, data: NewToken) -> None:
    if not is_role(data.role):
        raise Refusal(422, f"there is no role {data.role!r}; roles are {', '.join(ROLES)}")
    if data.role in _FOR_ONE_ENVIRONMENT and not data.environment:
        raise Refusal(422, f"a token of role {data.role!r} is for one environment; name it")
    if data.environment and data.environment not in services.feed.environments:
        raise unknown_environment(data.environment)
    if data.name and (len(data.name) > _MAX_NAME or not data.name.isprintable()):
        raise Refusal(422, f"a token's name has at most {_MAX_NAME} printable characters")
    expires = data.expires_in_seconds
    if expires is not None and not 0 < expires <= _LONGEST_SECONDS:
        raise Refusal(422, "expires_in_seconds is above 0 and at most ten years")


def _stay_inside(request: Request[Any, Any, Any], environment: str) -> None:
    own = identity_of(request).environment
    if own and not environment:
        raise Refusal(403, f"this token is for {own!r} alone and makes none beyond it")
    if own and environment != own:
        raise unknown_environment(environment)


def _shown(record: TokenRecord) -> answers.Token:
    return answers.Token(
        id=record.id,
        role=record.role,
        environment=record.environment or None,
        name=record.name,
        created_at=record.created_at,
        expires_at=record.expires_at or None,
    )


HANDLERS = [list_tokens, create_token, revoke_token]
