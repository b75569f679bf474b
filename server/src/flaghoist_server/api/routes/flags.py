"""Looking at flags: the list, one flag, what was done to it, and what somebody would get."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from flaghoist.evaluation.context import Context
from flaghoist.evaluation.explain import explain
from flaghoist.model.digest import digest
from flaghoist_server.api import answers
from flaghoist_server.api.auth import needs
from flaghoist_server.api.flag_answer import flag_answer
from flaghoist_server.api.past import past_snapshot
from flaghoist_server.api.problem import Refusal
from flaghoist_server.api.rows import rows
from flaghoist_server.api.services import Services
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.draft import unknown
from flaghoist_server.change.state import StoredFlag

__all__ = ["HANDLERS"]

_MAX_HISTORY = 1000


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`at`: a version, or a time (RFC 3339), of the past to evaluate in."""

    key: str
    context: dict[str, Any] | str | None = None
    default: Any = None
    at: int | str | None = None


@get("/environments/{environment:str}/flags", opt=needs("read"), tags=["flags"])
async def list_flags(
    services: NamedDependency[Services], environment: FromPath[str]
) -> answers.Flags:
    """Every flag with its effective state, its last change, and how many SDKs have applied it."""
    live = services.feed.environments[environment]
    parts = await services.fleet.parts(environment)
    return answers.Flags(
        environment=environment,
        epoch=live.head.epoch,
        version=live.head.version,
        flags=rows(live.state, parts),
    )


@get("/environments/{environment:str}/flags/{key:path}", opt=needs("read"), tags=["flags"])
async def show_flag(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    key: FromPath[str],
) -> Response[Any]:
    """One flag as in a flag file, with its version and digest. The ETag is the digest."""
    key = key.removeprefix("/")
    stored = _stored(services, environment, key)
    etag = f'"{digest(stored.document)}"'
    if request.headers.get("if-none-match") == etag:
        return Response(None, status_code=304, headers={"ETag": etag})
    return Response(flag_answer(environment, key, stored), headers={"ETag": etag})


@get("/environments/{environment:str}/history", opt=needs("read"), tags=["flags"])
async def history(
    services: NamedDependency[Services],
    environment: FromPath[str],
    key: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    before: FromQuery[int | None] = None,
) -> answers.History:
    """Changes, newest first; of one flag with `key`. The next page: `before` the last version."""
    if not 1 <= limit <= _MAX_HISTORY:
        raise Refusal(422, f"limit is from 1 to {_MAX_HISTORY}")
    changes = await services.store.history(environment, key, limit, before)
    return answers.History(environment=environment, changes=[_told(change) for change in changes])


@post(
    "/environments/{environment:str}/evaluate", opt=needs("read"), status_code=200, tags=["flags"]
)
async def evaluate(
    services: NamedDependency[Services], environment: FromPath[str], data: JSONBody[Question]
) -> answers.Evaluation:
    """What this context gets, and why, step by step. Nothing is counted or kept of the context."""
    snapshot = services.feed.environments[environment].snapshot
    if data.at is not None:
        snapshot = await past_snapshot(services.store, environment, data.at)
    explanation = explain(snapshot, data.key, Context.of(data.context), data.default)
    return answers.Evaluation(
        environment=environment,
        key=explanation.key,
        value=explanation.value,
        variant=explanation.variant,
        reason=explanation.reason,
        rule=explanation.rule,
        version=explanation.version,
        error=explanation.error,
        trace=explanation.trace,
    )


def _stored(services: Services, environment: str, key: str) -> StoredFlag:
    flags = services.feed.environments[environment].state.flags
    if key not in flags:
        raise unknown("flag", key, flags)
    return flags[key]


def _told(change: Change) -> answers.Entry:
    return answers.Entry(
        version=change.version,
        epoch=change.epoch,
        kind=change.kind,
        at=change.at,
        actor=change.actor,
        reason=change.reason,
        note=change.note,
        flags=_edits(change.flags),
        segments=_edits(change.segments),
        hash=change.hash,
    )


def _edits(edits: dict[str, Edit]) -> dict[str, answers.Edit]:
    return {
        name: answers.Edit(before=_document(edit.old), after=_document(edit.new))
        for name, edit in edits.items()
    }


def _document(document: bytes | None) -> Any:
    return None if document is None else msgspec.Raw(document)


HANDLERS = [list_flags, show_flag, history, evaluate]
