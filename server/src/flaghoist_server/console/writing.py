"""The forms that change a flag: on, off, kill, ramp, undo.

Rules: a form is decoded, handed to the writer, and answered with the flag's page, which carries a
sentence on what came of it. A person acts on what they see: every command but kill is bound to the
digest of the flag as it was shown, so that nobody undoes or switches on something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from flaghoist_server.change.commands import Command, CommandError, Ramp, SetState, Undo
from flaghoist_server.console.door import Visit
from flaghoist_server.console.room import Room
from flaghoist_server.console.views import flag_url, list_url
from flaghoist_server.console.words.quantities import count, percent
from flaghoist_server.feed.writer import Outcome
from flaghoist_server.store.port import Conflict, StoreError

__all__ = ["change"]

_MAX_REASON = 500


@post("/env/{environment:str}/changes", status_code=303)
async def change(
    room: NamedDependency[Room],
    visit: NamedDependency[Visit],
    request: Request[Any, Any, Any],
    environment: FromPath[str],
) -> Response[Any]:
    """Make one change and show the flag."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    room.door.check_form(request, form.get("csrf", ""))
    message, failed = await _make(room, visit, environment, form)
    visit.session.tell(message, failed)
    key = form.get("key", "")
    known = environment in room.services.feed.environments
    there = known and key in room.desk.state(environment).flags
    url = flag_url(environment, key) if there else list_url(environment) if known else "/"
    return Redirect(url, status_code=303, headers={"cache-control": "no-store"})


async def _make(
    room: Room, visit: Visit, environment: str, form: Mapping[str, str]
) -> tuple[str, bool]:
    """What came of it in words, and whether it failed."""
    if refusal := _refusal(visit, environment):
        return refusal, True
    try:
        command = _command(form)
        outcome = await room.services.writer.submit(
            command,
            environment,
            visit.actor,
            form.get("reason", "").strip()[:_MAX_REASON],
            if_match=None if form.get("command") == "kill" else form.get("seen") or None,
        )
    except CommandError as error:
        return f"Not done: {error}.", True
    except Conflict:
        return (
            "Not done: the flag has changed since this page was made. "
            "What it does now stands below; do it again if it still makes sense."
        ), True
    except StoreError as error:
        return f"Not done, nothing was changed: {error}.", True
    return _told(form, command, outcome), False


def _refusal(visit: Visit, environment: str) -> str:
    if visit.visitor.environment not in ("", environment):
        return f"Not done: your token is for {visit.visitor.environment} alone."
    if not visit.visitor.may_flip:
        return f"Not done: the role {visit.visitor.role} may look; an operator may change flags."
    return ""


def _command(form: Mapping[str, str]) -> Command:
    """The command of a form. Raises: CommandError."""
    key = form.get("key", "")
    match form.get("command"):
        case "on":
            return SetState(key, "on")
        case "off":
            return SetState(key, "off")
        case "kill":
            return SetState(key, "kill")
        case "ramp":
            return Ramp(key, _share(form.get("percent", "")), form.get("variant") or None)
        case "undo":
            return Undo(key)
        case other:
            raise CommandError(f"there is no command {other!r}")


def _share(text: str) -> float:
    """A percentage as people type it: `12.5`, `12,5`, `25 %`."""
    try:
        return float(text.strip().removesuffix("%").strip().replace(",", "."))
    except ValueError:
        raise CommandError(f"a share is a number from 0 to 100, not {text!r}") from None


def _told(form: Mapping[str, str], command: Command, outcome: Outcome) -> str:
    notes = "".join(f" Note: {note}." for note in outcome.notes)
    if not outcome.changed:
        return f"{form['key']}: it is so already, nothing was changed.{notes}"
    if not outcome.durable:
        notes += " It is written, but on fewer replicas of the store than were asked for."
    return f"{_done(form['key'], command)} (v {count(outcome.version)}).{notes}"


def _done(key: str, command: Command) -> str:
    match command:
        case SetState(_, "kill"):
            return f"Killed {key}"
        case SetState(_, state):
            return f"Turned {key} {state}"
        case Ramp(_, share, variant):
            return f"Set {variant or key} to {percent(share)}"
        case _:
            return f"Undid the last change of {key}"
