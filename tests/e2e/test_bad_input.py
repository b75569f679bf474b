"""What is wrong is said in one clear line with the right exit code, and nothing is half-applied."""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.command import COMMAND, Answer, Shell, serving

GOOD = """\
flaghoist: 1
segments:
  staff:
    when: {attribute: email, ends_with: ["@example.com"]}
flags:
  pay:
    type: boolean
    environments:
      production:
        state: on
        default: {on: 5, off: 95}
  checkout:
    type: boolean
    environments:
      production:
        state: on
        requires: [{flag: pay, variants: [on]}]
        rules:
          - name: staff
            when: {segment: staff}
            serve: on
        default: {on: 5, off: 95}
"""

BAD_FILES = {
    "syntax": (("{on: 5, off: 95}", "{on: 5, off: 95"), r":\d+:\d+: "),
    "adds up to 99": (("{on: 5, off: 95}", "{on: 5, off: 94}"), r":11:18: .*add up to 99.*100"),
    "no such variant": (("serve: on", "serve: onn"), r":21:20: .*'onn'.*on"),
    "no such segment": (("{segment: staff}", "{segment: stuff}"), r":20:29: .*'stuff'.*staff"),
    "no such flag": (("flag: pay,", "flag: payy,"), r":17:27: .*'payy'.*pay"),
    "duplicate key": (("  checkout:\n", "  pay:\n"), r":12:3: .*'pay'.*6"),
    "unknown operator": (("ends_with", "ends_wiht"), r":4:\d+: .*'ends_wiht'.*ends_with"),
    "newer format": (("flaghoist: 1", "flaghoist: 2"), r":1:12: .*2.*1"),
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A server whose production has the good file."""
    shell = Shell(tmp_path_factory.mktemp("shell"))
    shell.write("good.yaml", GOOD)
    with serving(shell):
        shell.does("env", "create", "production")
        shell.does("env", "create", "staging")
        shell.does("apply", "good.yaml")
        yield shell


def refused(answer: Answer, code: int, pattern: str) -> None:
    """One line on stderr that matches, nothing on stdout, and this exit code."""
    assert code == answer.code, answer
    assert "Traceback" not in answer.err
    assert 1 == len(answer.err.strip().splitlines()), answer.err
    assert re.search(pattern, answer.err), answer.err


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_whole(shell: Shell, name: str) -> None:
    """`file:line:column`, what is wrong, what is expected; and the server's flags are as before."""
    (old, new), pattern = BAD_FILES[name]
    text = GOOD.replace(old, new)
    assert text != GOOD
    shell.write("bad.yaml", text)
    before = shell.exported()

    for command in (["check", "bad.yaml"], ["apply", "bad.yaml"]):
        answer = shell.run(*command)
        assert 2 == answer.code, answer
        assert re.search("bad.yaml" + pattern, answer.err), answer.err
        assert "" == answer.out

    assert before == shell.exported()


def test_an_unknown_field_has_a_nearest_name(shell: Shell) -> None:
    """A typing error is named with what was meant."""
    shell.write("bad.yaml", GOOD.replace("        state: on\n", "        stat: on\n", 1))

    refused(shell.run("check", "bad.yaml"), 2, r"bad.yaml:10:9: .*'stat'.*state")


def test_a_cycle_names_its_way(shell: Shell) -> None:
    """All of the flags that require one another."""
    shell.write(
        "bad.yaml",
        GOOD.replace(
            "        state: on\n",
            "        state: on\n        requires: [{flag: checkout, variants: [on]}]\n",
            1,
        ),
    )

    answer = shell.run("check", "bad.yaml")

    assert 2 == answer.code
    assert re.search(r"bad.yaml:\d+:\d+: .*(checkout.*pay|pay.*checkout)", answer.err), answer.err


def test_several_problems_come_together(shell: Shell) -> None:
    """One line each: nobody mends a file in ten rounds."""
    shell.write("bad.yaml", GOOD.replace("off: 95", "off: 94").replace("serve: on", "serve: onn"))

    answer = shell.run("check", "bad.yaml")

    assert 3 == len(re.findall(r"^.*bad.yaml:\d+:\d+: ", answer.err, re.MULTILINE)), answer.err


def test_a_missing_file_is_named(shell: Shell) -> None:
    """Exit 2: it is the command's input."""
    refused(shell.run("apply", "none.yaml"), 2, "none.yaml")


def test_a_wrong_token(shell: Shell) -> None:
    """The way to give another one is named."""
    refused(shell.run("env", "list", FLAGHOIST_TOKEN="no-token-of-yours"), 1, "token.*--token")


def test_a_token_of_another_environment(shell: Shell) -> None:
    """It may not even look."""
    token = shell.run("token", "create", "--role", "operator", "-e", "staging").out.strip()

    answer = shell.run("kill", "checkout", "-e", "production", FLAGHOIST_TOKEN=token)

    refused(answer, 1, "staging|environment")
    assert (
        "on"
        == shell.does("flag", "show", "checkout", "-e", "production")["environments"]["production"][
            "state"
        ]
    )


def test_a_role_that_may_not(shell: Shell) -> None:
    """What it is and what it would take."""
    token = shell.run("token", "create", "--role", "viewer", "-e", "production").out.strip()

    refused(
        shell.run("kill", "checkout", "-e", "production", FLAGHOIST_TOKEN=token),
        1,
        "viewer|operator",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "pattern"),
    [
        (["kill", "chekout", "-e", "production"], 1, "'chekout'; did you mean 'checkout'"),
        (["kill", "checkout", "-e", "prodction"], 1, "'prodction'.*production"),
        (["ramp", "checkout", "101", "-e", "production"], 2, "101"),
        (["ramp", "checkout", "x", "-e", "production"], 2, "'x'"),
        (["ramp", "checkout", "5", "--variant", "purple", "-e", "production"], 2, "'purple'.*on"),
        (["env", "create", "production"], 1, "production"),
        (["env", "create", "No Such Name"], 2, "No Such Name"),
        (["token", "create", "--role", "king"], 2, "'king'"),
        (["eval", "checkout", "--context", "{", "-e", "production"], 2, "context"),
        (["nonsense"], 2, "nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_of_the_hand(shell: Shell, arguments: list[str], code: int, pattern: str) -> None:
    """Said in one line, with the nearest name where there is one."""
    refused(shell.run(*arguments), code, pattern)


def test_no_server(tmp_path: Path) -> None:
    """Where it was sought."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"

        refused(Shell(tmp_path).run("env", "list", "--url", url, "--token", "t"), 1, url)


# The server's own start.


def start(folder: Path, *arguments: str) -> Answer:
    done = subprocess.run(
        [*COMMAND, "serve", *arguments], cwd=folder, capture_output=True, text=True, timeout=30
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def test_a_taken_port(shell: Shell, tmp_path: Path) -> None:
    """And the way out; no database is left behind half-made."""
    port = shell.variables["FLAGHOIST_URL"].rpartition(":")[2]

    refused(start(tmp_path, "--port", port), 1, f"{port}.*--port")


def test_a_second_server_on_the_same_file(shell: Shell) -> None:
    """It would decide on what the first is writing."""
    refused(start(shell.folder, "--port", "0"), 1, "in use by another server .process")


def newer_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA application_id = {int.from_bytes(b'FlHo', 'big')}")
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE someone_elses (id)")
    connection.close()


@pytest.mark.parametrize(
    ("prepare", "pattern"),
    [
        (newer_database, "format 99.*format 1"),
        (foreign_database, "another program"),
        (lambda path: path.write_text("no database " * 99), "not a database"),
        (lambda path: path.mkdir(), "is a directory"),
    ],
    ids=["newer", "foreign", "text", "directory"],
)
def test_a_file_that_is_no_store(tmp_path: Path, prepare: object, pattern: str) -> None:
    """What it is, and what to do; the file is as it was."""
    path = tmp_path / "flags.db"
    prepare(path)  # type: ignore[operator]  # one of the functions above
    before = path.is_dir() or path.read_bytes()

    refused(start(tmp_path, "--port", "0", "--store", f"sqlite:///{path}"), 1, pattern)

    assert before == (path.is_dir() or path.read_bytes())


@pytest.mark.parametrize(
    ("store", "pattern"),
    [
        ("sqlite:////no/such/folder/flags.db", "/no/such/folder does not exist"),
        ("mysql://localhost", "mysql"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_store_that_is_none(tmp_path: Path, store: str, pattern: str) -> None:
    """The kinds that there are, or what is missing."""
    answer = start(tmp_path, "--port", "0", "--store", store)

    assert answer.code in (1, 2)
    refused(answer, answer.code, pattern)
