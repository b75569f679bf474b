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


def test_every_command_can_be_copied_as_it_is() -> None:
    """With address and token, so that it works in a terminal where nothing is set."""
    commands = [shlex.split(command) for _, command in INTRODUCTION.steps()]

    ours = [words for words in commands if words[0] == ".venv/bin/flaghoist"]
    assert ["ramp", "kill", "undo", "eval"] == [words[1] for words in ours]
    for words in ours:
        assert ["--url", "http://127.0.0.1:8710"] == words[-4:-2]
        assert ["--token", "demo-secret"] == words[-2:]


def test_the_page_and_its_token_are_named() -> None:
    """The two things that a browser needs."""
    places = [place for _, place, _ in INTRODUCTION.places()]

    assert ["http://127.0.0.1:8710/", "demo-secret"] == places[:2]
