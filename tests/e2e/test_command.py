"""Every command that a person types, against a server that runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.command import ADMIN, COMMAND, Shell, serving

from flaghoist import Client

FLAGS = """\
flaghoist: 1
segments:
  staff:
    when: {attribute: email, ends_with: ["@example.com"]}
flags:
  new-checkout:
    description: One-page checkout
    owner: payments
    type: boolean
    environments:
      production:
        state: on
        off_variant: off
        rules:
          - name: staff
            when: {segment: staff}
            serve: on
        default: {on: 5, off: 95}
      staging:
        state: on
        off_variant: off
        default: on
  theme:
    type: string
    variants: {light: "#fff", dark: "#000"}
    environments:
      production:
        state: on
        off_variant: light
        default: {light: 50, dark: 50}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A server with two environments and two flags."""
    shell = Shell(tmp_path_factory.mktemp("shell"))
    shell.write("flags.yaml", FLAGS)
    with serving(shell) as server:
        for environment in ("production", "staging"):
            assert 0 == shell.run("env", "create", environment).code
        shell.does("apply", "flags.yaml")
        yield shell
    assert 0 == server.exit_code


@pytest.fixture
def client(shell: Shell) -> Iterator[Client]:
    """An application's SDK."""
    token = shell.run("token", "create", "--role", "sdk", "--environment", "production")
    client = Client(url=shell.variables["FLAGHOIST_URL"], token=token.out.strip())
    assert client.wait_until_ready(10)
    yield client
    client.close()


def show(shell: Shell, key: str = "new-checkout") -> dict[str, object]:
    return shell.does("flag", "show", key, "-e", "production")["environments"]["production"]


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_token_is_alone_on_stdout(shell: Shell) -> None:
    """So that `TOKEN=$(flaghoist token create …)` works; it is shown this once."""
    made = shell.run("token", "create", "--role", "sdk", "-e", "production", "--name", "shop")

    assert 0 == made.code
    assert made.out.strip() == made.out.removesuffix("\n")
    assert made.out.startswith("fh_sdk_")
    listed = shell.does("token", "list")
    assert "shop" in [token["name"] for token in listed["tokens"]]
    assert made.out.strip() not in str(listed)


def test_environments_are_listed(shell: Shell) -> None:
    """With where they stand."""
    listed = shell.does("env", "list")["environments"]

    assert ["production", "staging"] == [row["environment"] for row in listed]
    assert "production" in shell.run("env", "list").out


def test_a_change_waits_for_every_sdk(shell: Shell, client: Client) -> None:
    """The receipt never comes before the SDK has it."""
    for command, arguments, enabled in [
        ("ramp", ["100"], True),
        ("off", [], False),
        ("on", [], True),
        ("kill", [], False),
        ("undo", [], True),
    ]:
        answer = shell.does(command, "new-checkout", *arguments, "-e", "production", "--wait", "10")

        assert (1, 1) == (answer["connected"], answer["applied"]), command
        assert client.status.version >= answer["version"], command
        assert client.is_enabled("new-checkout", "user-1") is enabled, command
        assert answer["digest"].startswith("sha256:")
        assert answer["seconds"] >= 0


def test_a_wait_that_is_not_met_fails(shell: Shell, client: Client) -> None:
    """Exit 1 and who is missing: the SDK's process stands still."""
    token = shell.run("token", "create", "--role", "sdk", "-e", "production").out.strip()
    program = (
        "import sys; from flaghoist import Client; c = Client(url=sys.argv[1], token=sys.argv[2]);"
    )
    program += "print(c.wait_until_ready(10), flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [COMMAND[0], "-c", program, shell.variables["FLAGHOIST_URL"], token],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert "True\n" == child.stdout.readline()
    os.kill(child.pid, signal.SIGSTOP)

    answer = shell.run(
        "ramp", "theme", "60", "--variant", "dark", "-e", "production", "--wait", "1"
    )

    os.kill(child.pid, signal.SIGCONT)
    child.communicate()
    assert 1 == answer.code
    assert "1 of 2" in answer.out + answer.err


def test_a_flag_is_shown_as_in_a_flag_file(shell: Shell) -> None:
    """With its version and digest; what is printed for people is one, too."""
    shown = shell.run("flag", "show", "new-checkout", "-e", "production")

    document = shell.does("flag", "show", "new-checkout", "-e", "production")
    assert document["digest"] in shown.out
    assert document["version"] >= 1
    assert "staff" == document["environments"]["production"]["rules"][0]["name"]


def test_undoing_the_first_change_of_a_flag_says_that_it_is_gone(shell: Shell) -> None:
    """Back to before it was there; another undo brings it back."""
    shell.write(
        "more.yaml", "flaghoist: 1\nflags: {short-lived: {environments: {staging: {state: on}}}}"
    )
    shell.does("apply", "more.yaml")

    gone = shell.run("undo", "short-lived", "-e", "staging").out
    back = shell.run("undo", "short-lived", "-e", "staging").out

    assert "short-lived is removed, for it was not there before" in gone
    assert "short-lived is as it was before its last change" in back
    shell.run("undo", "short-lived", "-e", "staging")


def test_lists_and_history_are_plain_in_a_pipe(shell: Shell) -> None:
    """One row a line, no escape sequences, nothing cut."""
    shell.does("ramp", "new-checkout", "12.5", "-e", "production", "--reason", "a little wider")

    listed = shell.run("flag", "list", "-e", "production").out
    history = shell.run("flag", "history", "new-checkout", "-e", "production").out

    assert "\x1b" not in listed + history
    assert "12.5 %" in listed
    assert "a little wider" in history.splitlines()[1]
    assert {"ramp", "apply"} <= set(history.split())


def test_an_evaluation_is_explained(shell: Shell) -> None:
    """Step by step, also as it was at an earlier version."""
    shell.does("ramp", "new-checkout", "5", "-e", "production")
    now = shell.does("ramp", "new-checkout", "50", "-e", "production")["version"]
    asked = ["eval", "new-checkout", "-e", "production", "--context"]

    answer = shell.does(*asked, "user-42")
    before = shell.does(*asked, "user-42", "--at", str(now - 1))
    staff = shell.does(*asked, '{"targeting_key": "u", "email": "a@example.com"}')

    assert ("on", True, "SPLIT", None) == tuple(
        answer[name] for name in ("variant", "value", "reason", "error")
    )
    assert "off" == before["variant"]
    assert ("staff", "TARGETING_MATCH") == (staff["rule"], staff["reason"])
    assert "44470" in str(answer["trace"])


def test_the_fleet_is_listed(shell: Shell, client: Client) -> None:
    """Instance, application, build and version."""
    fleet = shell.does("fleet", "-e", "production")

    assert {"instance", "app", "build", "sdk", "version", "lag_seconds"} <= set(
        fleet["instances"][0]
    )
    assert fleet["instances"][0]["version"] == fleet["version"]


def test_flags_as_code(shell: Shell) -> None:
    """Export, plan, apply a plan, and refuse it once the state has moved."""
    exported = shell.run("export")
    assert 0 == exported.code
    shell.write("exported.yaml", exported.out)
    assert 0 == shell.run("check", "exported.yaml").code
    assert not any(
        c["changed"] for c in shell.does("apply", "exported.yaml", "--dry-run")["changes"]
    )

    shell.does("plan", "exported.yaml", "--out", "stale.plan")
    shell.does("ramp", "theme", "61", "--variant", "dark", "-e", "production")

    stale = shell.run("apply", "stale.plan")

    assert 1 == stale.code
    assert "it was meant for version" in stale.err
    assert {"light": 39, "dark": 61} == show(shell, "theme")["default"]


def test_environments_are_compared(shell: Shell) -> None:
    """What production does that staging does not."""
    compared = shell.run("diff", "production", "staging")

    assert "theme" in compared.out


def test_what_is_watched_comes_as_it_happens(shell: Shell) -> None:
    """With --json one document a line."""
    watching = subprocess.Popen(
        [*COMMAND, "watch", "-e", "production", "--json"],
        env=shell.variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    assert '"event": "state"' in watching.stdout.readline()

    version = shell.does("ramp", "new-checkout", "33", "-e", "production")["version"]

    deadline = time.monotonic() + 10
    seen = ""
    while f'"version": {version}' not in seen and time.monotonic() < deadline:
        seen += watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=5)
    assert f'"version": {version}' in seen


def test_the_history_is_proved_whole(shell: Shell) -> None:
    """Every entry of the chain."""
    assert 0 == shell.run("audit", "verify").code


def test_glass_is_broken_when_no_server_answers(tmp_path: Path) -> None:
    """The kill goes into the store; a server that starts later serves it, and history has it."""
    shell = Shell(tmp_path)
    shell.write("flags.yaml", FLAGS)
    store = f"sqlite:///{tmp_path}/flags.db"
    with serving(shell, "--store", store):
        shell.does("env", "create", "production")
        shell.does("env", "create", "staging")
        shell.does("apply", "flags.yaml")

    killed = shell.run(
        "kill", "new-checkout", "-e", "production", "--direct", "--store", store, "--reason", "fire"
    )

    assert 0 == killed.code, killed
    with serving(shell, "--store", store):
        assert "off" == show(shell)["state"]
        newest = shell.does("flag", "history", "new-checkout", "-e", "production")["changes"][0]
        assert ("kill", "fire") == (newest["kind"], newest["reason"])
        assert 0 == shell.run("audit", "verify").code


def test_a_backup_is_made_and_restored_in_use(tmp_path: Path) -> None:
    """The flags are as they were, in a new history; nobody restarts anything."""
    shell = Shell(tmp_path)
    shell.write("flags.yaml", FLAGS)
    store = ("--store", f"sqlite:///{tmp_path}/flags.db")
    with serving(shell, *store):
        for environment in ("production", "staging"):
            shell.does("env", "create", environment)
        shell.does("apply", "flags.yaml")
        assert 0 == shell.run("store", "backup", "copy.db", *store).code
        before = shell.does("env", "list")["environments"][0]
        shell.does("off", "new-checkout", "-e", "production")

        restored = shell.run("store", "restore", "copy.db", *store)

        assert 0 == restored.code, restored
        eventually(lambda: show(shell)["state"] == "on")
        after = shell.does("env", "list")["environments"][0]
        assert before["epoch"] != after["epoch"]
        assert before["version"] < after["version"]


def test_a_token_may_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    """As secrets are mounted."""
    (tmp_path / "token").write_text(ADMIN + "\n")

    answer = shell.run(
        "env", "list", FLAGHOIST_TOKEN="", FLAGHOIST_TOKEN_FILE=str(tmp_path / "token")
    )

    assert 0 == answer.code, answer
