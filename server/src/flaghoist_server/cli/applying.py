"""What `plan`, `apply` and `promote` have in common: a flag file asked for, and its answer told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flaghoist_server.cli.failure import CommandFailed
from flaghoist_server.cli.receipt import demand_all, receipt_line, waiting
from flaghoist_server.terminal.output import Output, say

if TYPE_CHECKING:
    from flaghoist_server.cli.api import Api

__all__ = ["Wanted", "carry_out", "dry_run"]

_SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}


@dataclass(frozen=True)
class Wanted:
    """What is to be applied, and `placed`: a refusal said with the place where it is written."""

    file: dict[str, Any]
    environment: str | None = None
    prune: bool = False
    positions: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    placed: Callable[[CommandFailed], CommandFailed] = lambda failure: failure

    def ask(self, api: Api, *, wait: float | None = None, **more: Any) -> dict[str, Any]:
        """The server's answer. Raises: CommandFailed."""
        body = {"file": self.file, "environment": self.environment, "prune": self.prune, **more}
        if self.positions:
            body["positions"] = self.positions
        try:
            answer: dict[str, Any] = api.post("/api/v1/apply", body, wait=wait)
        except CommandFailed as failure:
            raise self.placed(failure) from failure
        return answer


def carry_out(api: Api, out: Output, wanted: Wanted, reason: str, wait: float | None) -> None:
    """Apply it, and say what came of it in each environment."""
    with waiting(api, wanted.environment or _first_environment(wanted.file), wait):
        answer = wanted.ask(api, wait=wait, reason=reason)
    if out.json:
        out.document(answer)
    else:
        _tell(out, answer, {})
    receipts = [
        {"environment": change["environment"], **change.get("receipt", {})}
        for change in answer["changes"]
    ]
    demand_all(receipts, wait)


def dry_run(api: Api, out: Output, wanted: Wanted) -> dict[str, Any]:
    """Ask what would change, and show it with what is different in each flag."""
    answer = wanted.ask(api, dry_run=True)
    if out.json:
        out.document(answer)
    else:
        _tell(out, answer, _details(api, wanted.file, answer))
    return answer


def _tell(out: Output, answer: dict[str, Any], details: dict[tuple[str, str], list[str]]) -> None:
    for note in answer.get("notes", ()):
        say(f"note: {note}", "yellow")
    if not answer["changes"]:
        out.line(("=", "green"), "nothing to change: the server has it so already")
    planned = answer["dry_run"]
    for change in answer["changes"]:
        verb = "would be" if planned else "is"
        out.line(f"{change['environment']} {verb} at version {change['version']}:")
        for kind, names in (("", change["flags"]), ("segment ", change["segments"])):
            _tell_names(out, change["environment"], kind, names, details)
        if "receipt" in change:
            out.line(*receipt_line(change["receipt"]))


def _tell_names(
    out: Output,
    environment: str,
    kind: str,
    names: dict[str, list[str]],
    details: dict[tuple[str, str], list[str]],
) -> None:
    for how, sign in _SIGNS.items():
        for name in names[how]:
            out.line(" ", sign, f"{kind}{name}")
            for line in details.get((environment, f"{kind}{name}"), ()):
                out.line("       ", (line, "bright_black"))


def _details(
    api: Api, document: dict[str, Any], answer: dict[str, Any]
) -> dict[tuple[str, str], list[str]]:
    """What is different in each flag that would be changed, by environment and key."""
    from flaghoist.model.flagfile import environment_of, parse_flag_document
    from flaghoist_server.cli.diff import contents_of
    from flaghoist_server.console.words.differences import differences

    file = parse_flag_document(document)
    details: dict[tuple[str, str], list[str]] = {}
    for change in answer["changes"]:
        environment = change["environment"]
        if not change["flags"]["changed"]:
            continue
        now = contents_of(api, environment).flags
        then, _ = environment_of(file, environment)
        for key in change["flags"]["changed"]:
            if key in then:
                details[environment, key] = differences(now.get(key), then[key])
            else:
                details[environment, key] = ["what all environments share of it"]
    return details


def _first_environment(document: dict[str, Any]) -> str:
    """One of the environments that a flag file names."""
    flags = document.get("flags") or {}
    names = [name for flag in flags.values() for name in flag.get("environments") or {}]
    return names[0] if names else ""
