"""The life of a client as an application sees it, without a server."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import tomllib
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

import flaghoist
from flaghoist import Client, Context, ErrorCode, Evaluation, Reason
from flaghoist.process import ProcessClient
from flaghoist.testing import client_of

ROOT = Path(__file__).parents[3]
FLAG = "new-checkout"
FLAG_FILE = """
flaghoist: 1
flags:
  new-checkout:
    type: boolean
    environments:
      production:
        state: on
        rules: [{when: {attribute: plan, in: [pro]}, serve: on}]
        default: off
"""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have set some."""
    import os

    for name in [name for name in os.environ if name.startswith("FLAGHOIST_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def asleep() -> Iterator[ProcessClient]:
    """A process-wide client that nobody has asked yet."""
    client = ProcessClient()
    yield client
    client.close()


def python(source: str) -> str:
    """What a fresh interpreter prints that runs this, warnings and complaints included."""
    ended = subprocess.run(
        [sys.executable, "-W", "default", "-c", source], capture_output=True, text=True, timeout=60
    )
    return ended.stdout + ended.stderr


def test_importing_is_light_and_silent() -> None:
    """Nothing that takes long is imported, and nothing is begun."""
    heavy = {"asyncio", "msgspec", "websockets", "logging", "ssl", "socket", "json", "pathlib"}

    printed = python(
        "import sys, threading, flaghoist\n"
        f"print(sorted({heavy!r} & set(sys.modules)), threading.active_count())"
    )

    assert "[] 1\n" == printed


def test_there_are_two_runtime_dependencies() -> None:
    """Whoever installs an SDK installs what it needs, too."""
    project = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())["project"]

    names = [dependency.partition(">")[0] for dependency in project["dependencies"]]
    assert ["msgspec", "websockets"] == names
    assert project["version"] == flaghoist.__version__


def test_public_names_are_complete_and_sorted() -> None:
    """What is exported is there."""
    assert sorted(flaghoist.__all__) == sorted(set(flaghoist.__all__))
    assert [] == [name for name in flaghoist.__all__ if not hasattr(flaghoist, name)]


def test_nothing_configured_gives_defaults_and_says_what_to_do(asleep: ProcessClient) -> None:
    """No exception, no thread, and one sentence in the status."""
    threads = threading.active_count()

    assert asleep.is_enabled(FLAG) is False
    assert asleep.is_enabled(FLAG, default=True) is True
    assert "light" == asleep.value("theme", default="light")
    assert {} == asleep.all("user-1")
    assert Evaluation(
        3, reason=Reason.ERROR, error=ErrorCode.PROVIDER_NOT_READY
    ) == asleep.evaluate("limit", default=3)
    assert asleep.wait_until_ready(10) is False
    assert "FLAGHOIST_URL" in (asleep.status.last_error or "")
    assert threads == threading.active_count()


@pytest.mark.parametrize("default", [1, "yes", None, [], object], ids=str)
def test_before_flags_have_come_is_enabled_is_a_bool(
    asleep: ProcessClient, default: object
) -> None:
    """Whatever the default is."""
    assert asleep.is_enabled(FLAG, "u", default) is False  # type: ignore[arg-type]  # a caller's mistake


def test_variables_that_are_wrong_are_said_and_raise_nothing(
    asleep: ProcessClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation asks for them, and never raises; `configure` does."""
    monkeypatch.setenv("FLAGHOIST_URL", "no address")

    assert asleep.is_enabled(FLAG, default=True) is True
    assert "no address" in (asleep.status.last_error or "")
    with pytest.raises(flaghoist.ConfigurationError):
        asleep.configure()


def test_a_method_that_was_put_aside_goes_on_to_work(asleep: ProcessClient) -> None:
    """Taken before anything was configured, called before and after the evaluator was loaded."""
    is_enabled, value, evaluate, every = (
        asleep.is_enabled,
        asleep.value,
        asleep.evaluate,
        asleep.all,
    )
    assert is_enabled(FLAG) is False

    with asleep.override({FLAG: True}):
        answers = is_enabled(FLAG), value(FLAG), evaluate(FLAG).value, every()

    assert (True, True, True, {FLAG: True}) == answers


def test_overrides_need_no_configuration(asleep: ProcessClient) -> None:
    """In a test run nobody configures anything."""
    with asleep.override({FLAG: True}):
        assert asleep.is_enabled(FLAG) is True
        with asleep.override({FLAG: False}):
            assert asleep.is_enabled(FLAG, default=True) is False
        assert asleep.is_enabled(FLAG) is True

    assert asleep.is_enabled(FLAG) is False


def test_the_ambient_context_is_used_where_none_is_named() -> None:
    """By all four questions; a context that is named is used alone."""
    client = client_of(FLAG_FILE)

    with client.using(Context("user-1", plan="pro")):
        asked = client.is_enabled(FLAG), client.value(FLAG), client.evaluate(FLAG).variant
        every = client.all()
        named = client.is_enabled(FLAG, "user-2")

    assert ((True, True, "on"), {FLAG: True}, False) == (asked, every, named)
    assert client.is_enabled(FLAG) is False


def test_the_ambient_context_is_of_one_thread() -> None:
    """Other threads ask for nobody."""
    client = client_of(FLAG_FILE)
    answers: list[bool] = []

    with client.using(Context("user-1", plan="pro")):
        other = threading.Thread(target=lambda: answers.append(client.is_enabled(FLAG)))
        other.start()
        other.join()

    assert [False] == answers


def test_a_client_without_a_thread_can_be_dropped() -> None:
    """Nothing keeps it."""
    client = client_of(FLAG_FILE)
    gone = weakref.ref(client)

    del client
    gc.collect()

    assert gone() is None


def test_wrong_options_are_an_error_and_leave_the_client_as_it_was() -> None:
    """What was followed before is followed still."""
    with Client(offline=True, app="shop") as client:
        client.wait_until_ready(10)
        before = client.status.instance

        with pytest.raises(flaghoist.ConfigurationError):
            client.configure(url="no address")

        assert before == client.status.instance


def test_whoever_waits_is_let_go_by_close() -> None:
    """Without a timeout it would be for ever."""
    client = Client(url="http://127.0.0.1:9", token="t")
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(client.wait_until_ready(None)))
    waiting.start()

    client.close()
    waiting.join(30)

    assert [False] == answers
