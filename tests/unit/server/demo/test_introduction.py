"""What the demo says first."""

from __future__ import annotations

import shlex

from flaghoist_server.demo.introduction import Introduction

INTRODUCTION = Introduction(
    command=".venv/bin/flaghoist",
    url="http://127.0.0.1:8710",
    token="demo-secret",
    shop="http://127.0.0.1:8711",
    server_pid=4711,
)


def test_the_variables_are_those_that_commands_read() -> None:
    """Address and token, for a terminal where nothing is set."""
    assert [
        ["export", "FLAGHOIST_URL=http://127.0.0.1:8710"],
        ["export", "FLAGHOIST_TOKEN=demo-secret"],
    ] == [shlex.split(line) for line in INTRODUCTION.variables()]


def test_every_command_can_be_copied_as_it_is() -> None:
    """Each is one that there is, names its environment, and fits into a line of eighty."""
    commands = [shlex.split(command) for _, command in INTRODUCTION.steps()]

    ours = [words for words in commands if words[0] == ".venv/bin/flaghoist"]
    assert ["ramp", "kill", "undo", "eval"] == [words[1] for words in ours]
    for words in ours:
        assert "production" == words[words.index("-e") + 1]
    as_installed = [command.replace(".venv/bin/", "") for _, command in INTRODUCTION.steps()]
    assert all(len(line) <= 78 for line in (*as_installed, *INTRODUCTION.variables()))


def test_the_page_and_its_token_are_named() -> None:
    """The two things that a browser needs."""
    places = [place for _, place, _ in INTRODUCTION.places()]

    assert ["http://127.0.0.1:8710/", "demo-secret"] == places[:2]
