"""The entry point: which commands there are, and how each of their failures ends.

Rules: nothing heavy is imported before it is known which command runs, so that the prompt is
back soon; the one line of help of each command stands here for the same reason.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from flaghoist_server.cli.failure import BAD_INPUT, INTERRUPTED, CommandFailed
from flaghoist_server.terminal.output import say

__all__ = ["COMMANDS", "cli", "main"]

_CLI = "flaghoist_server.cli"
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": (f"{_CLI}.demo:demo", "See it work: server, page and fleet."),
        "serve": (f"{_CLI}.serve:serve", "Run the server."),
    },
    "Set up": {
        "env": (f"{_CLI}.environment:env", "Environments: create, list."),
        "token": (f"{_CLI}.token:token", "Tokens: create, list, revoke."),
    },
    "Flags as code": {
        "check": (f"{_CLI}.check:check", "Find what is wrong in flag files; needs no server."),
        "plan": (f"{_CLI}.apply:plan", "Show what applying files would change."),
        "apply": (f"{_CLI}.apply:apply", "Make the server's flags as the files say: all or none."),
        "export": (f"{_CLI}.export:export", "Print the server's flags as a flag file."),
        "diff": (f"{_CLI}.diff:diff", "Compare two environments."),
        "promote": (f"{_CLI}.promote:promote", "Give an environment's flags to another one."),
    },
    "Look": {
        "flag": (f"{_CLI}.flag:flag", "Flags: list, show, history."),
        "eval": (f"{_CLI}.evaluate:evaluate", "Evaluate a flag and explain the result."),
        "fleet": (f"{_CLI}.fleet:fleet", "The connected SDKs."),
        "watch": (f"{_CLI}.watch:watch", "Changes and the fleet, live."),
        "audit": (f"{_CLI}.audit:audit", "Prove that the history is whole: verify."),
    },
    "Change": {
        "on": (f"{_CLI}.change:on", "Switch a flag on."),
        "off": (f"{_CLI}.change:off", "Switch a flag off."),
        "kill": (f"{_CLI}.change:kill", "Switch a flag off now, past every policy."),
        "ramp": (f"{_CLI}.change:ramp", "Set the share of users who get a flag."),
        "undo": (f"{_CLI}.change:undo", "Take a flag's last change back."),
    },
    "Keep": {
        "store": (f"{_CLI}.store:store", "The store: migrate, backup, restore."),
        "recover": (f"{_CLI}.recover:recover", "Put back what the store has lost."),
    },
}


class Commands(click.Group):
    """The group of all commands; each is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click calls it
        """Every name, in the order of the help."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as click calls it
        """The command of this name, imported now."""
        for section in COMMANDS.values():
            if cmd_name in section:
                module, _, attribute = section[cmd_name][0].partition(":")
                command = getattr(importlib.import_module(module), attribute)
                assert isinstance(command, click.Command)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown name is answered with the nearest there is."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from flaghoist.model.names import nearest

            close = nearest(name, self.list_commands(ctx))
            hint = f"; did you mean {close!r}?" if close else ""
            ctx.fail(f"there is no command {name!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as click calls it
        """The commands by what they are for, without importing any."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in section.items()])


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"flaghoist {version('flaghoist-server')}")
        ctx.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it: flaghoist demo",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version.",
)
def cli() -> None:
    """Feature flags that are pushed to running processes, with proof that each has applied them."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0 done, 1 refused or failed, 2 wrong usage or bad input."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a test's stream has none
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(given))


def _run(given: list[str]) -> int:
    try:
        result = cli.main(given, prog_name="flaghoist", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        return _usage(error)
    except CommandFailed as failure:
        return _failed(failure, as_json="--json" in given)
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has enough; Python would complain about it once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


def _usage(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.format_message())
        return BAD_INPUT
    hint = ""
    if error.ctx is not None:
        hint = f" (see {error.ctx.command_path} --help)"
    message = " ".join(error.format_message().split()).rstrip(".")
    say(f"error: {message[:1].lower()}{message[1:]}{hint}", "red")
    return BAD_INPUT


def _failed(failure: CommandFailed, as_json: bool) -> int:
    if as_json:
        answer: dict[str, Any] = {"error": failure.message, **failure.details}
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    say(failure.message if failure.says_where else f"error: {failure.message}", "red")
    return failure.exit_code


if __name__ == "__main__":
    main()
