"""The demo's screen as a terminal of a given size shows it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flaghoist_server.demo.scene import ChangeSeen, Process, Scene
from flaghoist_server.demo.screen import bar, draw

NOW = 1000.0
TOKEN = "demo-KZXPQs_fEjDRXEYVAqc6VA"
LONG = "a reason that is much longer than there is room for on a terminal of eighty characters"


def scene() -> Scene:
    processes = [Process(f"storefront-{number}", "2.8.1") for number in (1, 2, 3, 4)]
    for number, process in enumerate(processes):
        process.applies(2, at=NOW - 9)
        process.applies(3, at=NOW - 1 + 0.002 * number)
        process.answers_with("checkout=one-page; suggestions=0", at=NOW - 0.5)
    names = ("new-checkout", "image-pipeline-v2", "recommendations", "dark-theme", "legacy-export")
    flags = [{"key": name, "effective": "ON for 5 %"} for name in names]
    changes = [ChangeSeen(3, NOW - 1, "on-call", "kill", "recommendations: KILLED", LONG)]
    page, token = "http://127.0.0.1:8700/", TOKEN
    return Scene(processes, flags, changes, server_pid=4711, page=page, token=token)


def drawn(scene: Scene, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(draw(scene, NOW, width))
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    return [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_terminal_and_nothing_that_matters_is_cut(width: int) -> None:
    """It fits into eighty characters; only long reasons give way."""
    lines = drawn(scene(), width)

    assert max(map(len, lines)) <= width
    assert len(lines) <= 20
    for whole in (
        "legacy-export",
        "storefront-4",
        "100.0 %",
        "had it in",
        "6.0 ms",
        "on-call",
        TOKEN,
    ):
        assert any(whole in line for line in lines), whole


def test_a_flag_that_has_no_room_is_left_out_whole() -> None:
    """Half a state would be read as another one."""
    lines = drawn(scene(), 50)

    assert "legacy-export" not in lines[0]
    assert "recommendations" in lines[0]


def test_a_change_that_not_all_have_says_how_many() -> None:
    """The receipt is no receipt before everyone has it."""
    shown = scene()
    del shown.processes[0].applied_at[3]

    assert any("3 of 4 so far" in line for line in drawn(shown, 80))


def test_a_server_that_is_gone_is_what_the_last_line_says() -> None:
    """And the processes go on above it."""
    shown = scene()
    shown.server = "the server is gone"

    lines = drawn(shown, 80)

    assert "the server is gone" in lines
    assert any("storefront-1" in line for line in lines)


def test_a_process_that_has_ended_says_so() -> None:
    """Instead of a rate that sinks slowly."""
    shown = scene()
    shown.processes[2].ended = True

    assert any("storefront-3" in line and "ended" in line for line in drawn(shown, 80))


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "    "),
        (0.001, "▏   "),  # little is not nothing
        (0.5, "██  "),
        (0.53125, "██▏ "),
        (1.0, "████"),
    ],
)
def test_a_bar_shows_eighths_of_a_character(share: float, expected: str) -> None:
    """A share of five percent is to be seen on twenty characters."""
    assert expected == bar(share, 4)
