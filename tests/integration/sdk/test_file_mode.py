"""Client.from_file: no server; the file is followed, and only when it is good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.sdk.service import until

from flaghoist import Client, FlagFileError, FlaghoistError

FILE = """
flaghoist: 1
flags:
  theme:
    type: string
    variants: {light: light, dark: dark}
    environments:
      production: {state: on, default: light}
      staging: {state: on, default: dark}
"""
DARK = FILE.replace("default: light", "default: dark")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "flags.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    with Client.from_file(path, environment="production") as client:
        yield client


def test_the_flags_are_there_at_once(client: Client, path: Path) -> None:
    """Nothing is waited for."""
    assert "light" == client.value("theme")
    assert client.wait_until_ready(0) is True
    status = client.status
    assert ("file", "file", True) == (status.source, status.transport, status.connected)
    assert ("production", "", str(path)) == (status.environment, status.epoch, status.url)


def test_an_edit_is_followed(client: Client, path: Path) -> None:
    """The version rises, and who listens is told."""
    seen: list[frozenset[str]] = []
    client.on_change(seen.append)
    before = client.status.version

    path.write_text(DARK)

    until(lambda: client.value("theme") == "dark")
    assert client.status.version > before
    until(lambda: seen)
    assert [frozenset({"theme"})] == seen


def test_a_file_that_takes_the_place_of_another_is_followed(client: Client, path: Path) -> None:
    """Kubernetes and editors rename."""
    aside = path.with_suffix(".new")
    aside.write_text(DARK)
    aside.replace(path)

    until(lambda: client.value("theme") == "dark")


def test_a_bad_edit_changes_nothing_but_status(
    client: Client, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named with its place, once; the next good one is taken."""
    path.write_text(FILE.replace("default: light", "default: lihgt"))
    until(lambda: client.status.last_error)

    assert "light" == client.value("theme")
    assert "flags.yaml:8:" in (client.status.last_error or "")
    assert client.status.connected is False
    until(lambda: caplog.records)
    assert 1 == len(caplog.records)
    path.write_text(DARK)

    until(lambda: client.value("theme") == "dark")
    assert client.status.connected is True


def test_a_file_that_goes_and_comes_back_is_followed(client: Client, path: Path) -> None:
    """Its flags stay meanwhile."""
    path.unlink()
    until(lambda: not client.status.connected)
    assert "light" == client.value("theme")

    path.write_text(DARK)

    until(lambda: client.value("theme") == "dark")


@pytest.mark.parametrize(
    ("text", "environment", "complaint"),
    [
        pytest.param(FILE, "", "production, staging", id="which-environment"),
        pytest.param(FILE, "prod", "no environment 'prod'", id="no-such-environment"),
        pytest.param(FILE.replace("string", "sting"), "production", ":5:11:", id="bad"),
        pytest.param("", "production", "flags.yaml:1", id="empty"),
    ],
)
def test_a_bad_file_is_an_error_where_the_client_is_made(
    path: Path, text: str, environment: str, complaint: str
) -> None:
    """With its name, its place, and what is expected."""
    path.write_text(text)

    with pytest.raises(FlaghoistError, match=complaint):
        Client.from_file(path, environment)


def test_a_file_that_is_not_there_is_an_error(path: Path) -> None:
    """The system's own."""
    with pytest.raises(FileNotFoundError):
        Client.from_file(path.with_name("none.yaml"))


def test_a_flag_file_error_has_its_problems(path: Path) -> None:
    """For programs that show them their own way."""
    path.write_text(FILE.replace("light, dark: dark", "light"))

    with pytest.raises(FlagFileError) as caught:
        Client.from_file(path, "production")

    assert 1 == len(caught.value.problems)


def test_a_closed_client_reads_no_more(client: Client, path: Path) -> None:
    """Its flags stay."""
    client.close()
    path.write_text(DARK)

    assert "light" == client.value("theme")
    assert client.status.connected is False


def test_an_operator_s_override_holds_here_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLAGHOIST_OVERRIDES is for every client of a process."""
    monkeypatch.setenv("FLAGHOIST_OVERRIDES", "theme=sepia")

    with Client.from_file(path, "production") as client:
        assert "sepia" == client.value("theme")
