"""`flaghoist demo`: one command, no set-up, and nothing left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.e2e.command import COMMAND, Shell
from tests.redis_servers import free_port


class Demo:
    """A demo that prints into a file."""

    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._printed = folder / "printed"
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [*COMMAND, "demo", "--port", str(self.port)],
                cwd=folder,
                env=self.shell.variables,
                stdout=printed,
                stderr=printed,
            )

    @property
    def printed(self) -> str:
        return self._printed.read_text()

    def sees(self, pattern: str, seconds: float = 40) -> re.Match[str]:
        """Wait until something like this has been printed."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.printed)) is None:
            assert time.monotonic() < deadline, self.printed
            assert self.process.poll() is None, self.printed
            time.sleep(0.05)
        return found

    def end(self, how: signal.Signals) -> float:
        """Send the signal; how long it took until the demo had ended."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(20)
        return time.monotonic() - began


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that has played its first steps."""
    demo = Demo(tmp_path)
    try:
        demo.sees("recommendations: KILLED")
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.end(signal.SIGINT)


def test_a_flip_reaches_the_storefront_and_ctrl_c_ends_everything(demo: Demo) -> None:
    """From the page's address to the last child."""
    token = demo.sees(r"token: (\S+)")[1]
    with urllib.request.urlopen(f"{demo.url}/", timeout=5) as page:
        assert page.status == 200
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert len(children) >= 5

    answer = demo.shell.does(
        *("kill", "new-checkout", "-e", "production", "--wait", "10"),
        *("--url", demo.url, "--token", token),
    )

    assert (4, 4) == (answer["connected"], answer["applied"])
    demo.sees("new-checkout: KILLED.*4 of 4 processes had it")
    fleet = demo.shell.does("fleet", "-e", "production", "--url", demo.url, "--token", token)
    assert {"storefront", "mobile-api"} == {row["app"] for row in fleet["instances"]}
    assert len({row["build"] for row in fleet["instances"]}) > 1

    demo.end(signal.SIGINT)

    assert "Traceback" not in demo.printed
    _, left = psutil.wait_procs(children, timeout=2)
    assert [] == left


def test_a_second_demo_on_the_same_port_names_the_way_out(demo: Demo, tmp_path: Path) -> None:
    """In one line, and the first goes on; SIGTERM ends it as Ctrl-C does."""
    second = demo.shell.run("demo", "--port", str(demo.port))

    assert 1 == second.code
    assert 1 == len(second.err.strip().splitlines()), second.err
    assert str(demo.port) in second.err
    assert "--port" in second.err
    assert demo.process.poll() is None
    children = psutil.Process(demo.process.pid).children(recursive=True)
    demo.end(signal.SIGTERM)
    assert [] == psutil.wait_procs(children, timeout=2)[1]
