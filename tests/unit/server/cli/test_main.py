"""The command as a whole: which there are, how they are found, how their failures end."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from flaghoist_server.cli.main import COMMANDS, cli, main

NAMES = [name for section in COMMANDS.values() for name in section]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def commands_of(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command's words, also of groups inside groups."""
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*words, name))
        if isinstance(command, click.Group):
            found += commands_of(command, (*words, name))
    return found


@pytest.mark.parametrize("words", commands_of(cli), ids=" ".join)
def test_every_command_explains_itself(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """With a sentence of its own, and exit code 0."""
    code, out, err = run(capsys, *words, "--help")

    assert (0, "") == (code, err)
    assert out.startswith(f"Usage: flaghoist {' '.join(words)}")
    assert out.splitlines()[2].startswith("  ")
    assert len(out.splitlines()[2]) > 10


def test_the_help_names_every_command_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Without importing any of them."""
    code, out, _ = run(capsys, "--help")

    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert 0 == code
    assert [name for name in NAMES if listed.count(name) != 1] == []


def test_no_command_at_all_is_wrong_usage_and_answered_with_the_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On stderr: a script that forgot the command must not take help for an answer."""
    code, out, err = run(capsys)

    assert (2, "") == (code, out)
    assert "flaghoist demo" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lamp"], "there is no command 'lamp'; did you mean 'ramp'?"),
        (["xyz"], "there is no command 'xyz' (see flaghoist --help)"),
        (["ramp", "k"], "missing argument 'PERCENT'"),
        (["ramp", "k", "101"], "'101' is no number from 0 to 100"),
        (["ramp", "k", "lots"], "'lots' is no number from 0 to 100"),
        (["ramp", "k", "nan"], "'nan' is no number from 0 to 100"),
        (["kill"], "missing argument 'KEY'"),
        (["kill", "k", "--wait", "-1"], "'-1' is no number from 0 to 600"),
        (["token", "create"], "missing option '--role'"),
        (["token", "create", "--role", "king"], "'king' is not one of"),
        (["token", "create", "--role", "sdk", "--expires-in", "soon"], "write 90d, 12h, 30m"),
        (["eval", "k", "--context", "{a: 1}"], "no JSON at character 2"),
        (["eval", "k", "--context", "[1]"], "a context is no list"),
        (["promote", "a", "a", "--token", "t"], "are the same environment"),
        (["promote", "a"], "takes 2 values"),
        (["check"], "missing argument 'FILE...'"),
        (["serve", "--port", "70000"], "'70000' is no whole number from 0 to 65535"),
        (["flag", "list", "--token", "t", "--url", "nowhere"], "'nowhere' is no address"),
        (["kill", "k", "--direct"], "--direct asks no server: it needs --store and -e"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """What is wrong with it and where to read on; nothing on stdout, nothing tried."""
    code, out, err = run(capsys, *arguments)

    assert (2, "") == (code, out)
    assert said in err
    assert err.startswith("error: ")
    assert 1 == err.count("\n")


def test_without_a_token_the_ways_to_give_one_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the server is asked anything."""
    monkeypatch.delenv("FLAGHOIST_TOKEN", raising=False)

    code, _, err = run(capsys, "flag", "list", "--url", "http://127.0.0.1:1")

    assert 2 == code
    assert "--token" in err
    assert "FLAGHOIST_TOKEN_FILE" in err


def test_with_json_a_failure_is_json_on_stdout_too(capsys: pytest.CaptureFixture[str]) -> None:
    """So that a program that reads stdout need not parse a sentence."""
    with socket.socket() as deaf:  # bound, so that nobody else listens there, and not listening
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        code, out, err = run(capsys, "env", "list", "--json", "--token", "t", "--url", url)

    assert 1 == code
    assert f'"error": "cannot reach {url}: ' in out
    assert "cannot reach" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["kill", "k", "-e", "production", "--token", "t", "--url", "http://127.0.0.1:1"],
        ["flag", "list", "-e", "production", "--token", "t", "--url", "http://127.0.0.1:1"],
    ],
    ids=" ".join,
)
def test_a_command_imports_nothing_heavy(arguments: list[str]) -> None:
    """The prompt is back soon: what only some commands need, the others do not pay for."""
    script = (
        "import sys\n"
        "from flaghoist_server.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'httpx', 'rich', 'litestar', 'uvicorn', 'apsw', 'ruamel', 'redis'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "[]" == done.stdout.splitlines()[-1], done


def test_the_page_of_the_command_has_an_example_of_each() -> None:
    """docs/cli.md, and those that have a page of their own are pointed to."""
    page = (Path(__file__).parents[4] / "docs" / "cli.md").read_text()

    assert [] == [name for name in NAMES if not re.search(rf"(\$ |`)flaghoist {name}\b", page)]
