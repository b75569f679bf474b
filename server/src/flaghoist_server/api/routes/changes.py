"""Changing flags. A handler decodes, submits to the writer, waits for the receipt, encodes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from flaghoist.errors import DocumentError, FlagError
from flaghoist.model.flag import Flag, Segment
from flaghoist.model.flagfile import FlagFile, file_of, parse_flag_document
from flaghoist_server.api import answers
from flaghoist_server.api.auth import identity_of, needs
from flaghoist_server.api.problem import Refusal, problems_as_json, unknown_environment
from flaghoist_server.api.services import Services
from flaghoist_server.api.submit import Submission
from flaghoist_server.change.change import Change, Edit
from flaghoist_server.change.commands import Apply, Command, Ramp, SetState, Undo
from flaghoist_server.change.draft import flag_of, segment_of
from flaghoist_server.change.state import State

__all__ = ["HANDLERS"]

WaitSeconds = Annotated[float | None, QueryParameter(name="wait", ge=0)]


class ChangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`percent` and `variant` are for `ramp`."""

    command: Literal["on", "off", "kill", "ramp", "undo"]
    key: str
    percent: float | None = None
    variant: str | None = None
    reason: str = ""


class ApplyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`file` is a flag file as JSON; `environment` narrows it to that one.

    `positions` (environment -> [epoch, version]) binds it to the state that it was planned for,
    as a dry run answers it: when that has moved, nothing is changed.
    """

    file: dict[str, Any]
    environment: str | None = None
    prune: bool = False
    dry_run: bool = False
    reason: str = ""
    kind: Literal["apply", "import"] = "apply"
    positions: dict[str, tuple[str, int]] = msgspec.field(default_factory=dict)


@post(
    "/environments/{environment:str}/changes", opt=needs("flip"), status_code=200, tags=["changes"]
)
async def change_flag(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
    data: JSONBody[ChangeRequest],
    wait: WaitSeconds = None,
) -> answers.Change:
    """Switch, ramp, kill or undo one flag. With `wait` the answer comes with the receipt."""
    submission = await Submission.of(services, request, data.reason, wait)
    outcome = await submission.submit(_command(data), environment)
    answer = answers.Change(
        environment=environment,
        key=data.key,
        version=outcome.version,
        digest=outcome.digest or None,
        changed=outcome.changed,
        durable=outcome.durable,
        notes=list(outcome.notes),
    )
    if wait is None:
        return answer
    receipt = await submission.receipt(environment, outcome.version, changed=outcome.changed)
    return msgspec.structs.replace(answer, **msgspec.structs.asdict(receipt))


@post("/apply", opt=needs("edit"), status_code=200, tags=["changes"])
async def apply_file(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    data: JSONBody[ApplyRequest],
    wait: WaitSeconds = None,
) -> answers.Apply:
    """Make flags as a flag file says, in all environments that it names: all or nothing."""
    submission = await Submission.of(services, request, data.reason, wait)
    if submission.if_match is not None:
        raise Refusal(400, "If-Match is for one flag; what binds an apply is `positions`")
    scope = _scope(data.environment, identity_of(request).environment)
    command = Apply(_file(data.file), data.prune, scope, data.kind)
    if data.dry_run:
        outcome = await services.writer.plan(
            command, None, submission.identity.actor, submission.reason
        )
    else:
        outcome = await submission.submit(command, None, data.positions)
    positions = _positions(services, identity_of(request).environment) if data.dry_run else UNSET
    applied = [_applied(change) for change in outcome.changes]
    if wait is not None and not data.dry_run:
        applied = [await _with_receipt(submission, each) for each in applied]
    return answers.Apply(
        dry_run=data.dry_run,
        durable=outcome.durable,
        changes=applied,
        notes=list(outcome.notes),
        positions=positions,
    )


@get("/export", opt=needs("read"), tags=["changes"])
async def export_file(
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    environment: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """The flags as a flag file: of one environment, or of all that this token sees."""
    scope = _scope(environment, identity_of(request).environment)
    known = services.feed.environments
    if scope is not None and scope not in known:
        raise unknown_environment(scope)
    names = [scope] if scope is not None else sorted(known)
    try:
        return file_of({name: _decoded(known[name].state) for name in names})
    except (DocumentError, FlagError) as error:
        raise Refusal(409, f"these flags do not fit into one file: {error}") from error


def _command(data: ChangeRequest) -> Command:
    if data.command != "ramp" and (data.percent is not None or data.variant is not None):
        raise Refusal(422, f"percent and variant are for ramp, not for {data.command}")
    if data.command == "undo":
        return Undo(data.key)
    if data.command == "ramp":
        if data.percent is None:
            raise Refusal(422, "ramp needs percent, from 0 to 100")
        return Ramp(data.key, data.percent, data.variant)
    return SetState(data.key, data.command)


def _scope(asked: str | None, own: str) -> str | None:
    """The one environment that is meant, or None for all: never beyond the token's own."""
    if own and asked not in (None, own):
        raise unknown_environment(asked)
    return own or asked


def _file(document: dict[str, Any]) -> FlagFile:
    try:
        return parse_flag_document(document)
    except DocumentError as error:
        fields = {"problems": problems_as_json(error.problems)}
        raise Refusal(422, str(error), kind="invalid", fields=fields) from error


def _applied(change: Change) -> answers.Applied:
    return answers.Applied(
        environment=change.environment,
        version=change.version,
        changed=True,
        flags=_names(change.flags),
        segments=_names(change.segments),
    )


async def _with_receipt(submission: Submission, applied: answers.Applied) -> answers.Applied:
    receipt = await submission.receipt(applied.environment, applied.version, changed=True)
    return msgspec.structs.replace(applied, receipt=receipt)


def _names(edits: dict[str, Edit]) -> answers.Names:
    names = answers.Names(added=[], changed=[], removed=[])
    for name, edit in sorted(edits.items()):
        if edit.old is None:
            names.added.append(name)
        elif edit.new is None:
            names.removed.append(name)
        else:
            names.changed.append(name)
    return names


def _positions(services: Services, own: str) -> dict[str, tuple[str, int]]:
    heads = (live.head for live in services.feed.environments.values())
    return {
        head.environment: (head.epoch, head.version)
        for head in heads
        if own in ("", head.environment)
    }


def _decoded(state: State) -> tuple[dict[str, Flag], dict[str, Segment]]:
    flags = {key: flag_of(key, stored.document) for key, stored in state.flags.items()}
    return flags, {name: segment_of(name, doc) for name, doc in state.segments.items()}


HANDLERS = [change_flag, apply_file, export_file]
