"""A program ends when its main part ends: at once, with its own code, and without a word of ours.

The time is told, and bounded by far more than we promise (300 ms): a busy machine is no defect.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from tests.integration.sdk.programs import Program
from tests.integration.sdk.service import FLAG, Service, until
from tests.integration.sdk.valve import Valve

LONGEST_S = 10.0

BEGIN = """
import signal, sys, threading, time
from flaghoist import Client, flags
url, token, wait = sys.argv[1:4]
flags.configure(url=url, token=token)
if wait == "ready":
    assert flags.wait_until_ready(20)
else:
    time.sleep(0.5)
print("begun", flush=True)
sys.stdin.readline()
"""
TELL_TIME = "print(time.monotonic(), flush=True)\n"

WAYS = {
    "returns": (TELL_TIME, 0, ""),
    "sys-exit": (TELL_TIME + "sys.exit(3)", 3, ""),
    "exception": (TELL_TIME + "raise KeyError('mine')", 1, "KeyError: 'mine'"),
    "closed": ("flags.close()\n" + TELL_TIME, 0, ""),
    "evaluates-at-exit": (
        "import atexit\natexit.register(lambda: flags.is_enabled('x'))\n" + TELL_TIME,
        0,
        "",
    ),
    "configures-at-exit": (
        "import atexit\natexit.register(lambda: Client(url=url, token=token))\n" + TELL_TIME,
        0,
        "",
    ),
    "evaluates-in-del": (
        "class Late:\n"
        "    def __del__(self): flags.is_enabled('x', 'u'); flags.close()\n"
        "late = Late()\n" + TELL_TIME,
        0,
        "",
    ),
    "exits-in-a-thread": (
        "thread = threading.Thread(target=sys.exit); thread.start(); thread.join()\n" + TELL_TIME,
        0,
        "",
    ),
    "several-clients": (
        "more = [Client(url=url, token=token, app=str(n)) for n in range(5)]\n" + TELL_TIME,
        0,
        "",
    ),
}


PLACES = ["connected", "stalled", "connecting", "nobody-there"]
CASES = [("connected", way) for way in WAYS]
CASES += [(place, way) for place in PLACES[1:] for way in ("returns", "exception", "closed")]


class Place(NamedTuple):
    """Where a program's link stands when the program ends."""

    url: str
    wait: str
    valve: Valve | None = None

    def stall(self) -> None:
        if self.valve is not None:
            self.valve.is_open = False


@pytest.fixture
def place(request: pytest.FixtureRequest, service: Service) -> Iterator[Place]:
    """One of `PLACES`, with its name as the parameter."""
    if request.param == "connected":
        yield Place(service.url, "ready")
    elif request.param == "stalled":
        valve = Valve(int(service.url.rpartition(":")[2]))
        yield Place(valve.url, "ready", valve)
        valve.close()
    elif request.param == "connecting":
        with socket.create_server(("127.0.0.1", 0)) as mute:
            yield Place(f"http://127.0.0.1:{mute.getsockname()[1]}", "a moment")
    else:
        yield Place("http://127.0.0.1:9", "a moment")


@pytest.mark.parametrize(("place", "way"), CASES, indirect=["place"])
def test_a_program_ends_at_once(place: Place, way: str, service: Service) -> None:
    """Whatever the link is doing, and however the program ends."""
    rest, code, complaint = WAYS[way]

    with Program(BEGIN + rest, place.url, service.token, place.wait) as program:
        assert "begun" == program.line()
        place.stall()
        program.say("go on")
        ended = program.end()

    assert code == ended.code
    assert complaint in ended.stderr
    assert "flaghoist" not in ended.stderr
    assert complaint or "" == ended.stderr
    assert ended.seconds < LONGEST_S


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_signal_ends_a_program_as_it_always_does(
    place: Place, number: signal.Signals, service: Service
) -> None:
    """SIGTERM ends it without Python; Ctrl-C is a KeyboardInterrupt in the main part.

    CPython ends with 1 in place of the signal if another thread of it ran an `exec` meanwhile.
    """
    with Program(BEGIN, place.url, service.token, place.wait) as program:
        assert "begun" == program.line()
        place.stall()
        ended = program.end(number)

    assert ended.code in (-number, 1 if number == signal.SIGINT else -number)
    assert "flaghoist" not in ended.stderr
    assert ("KeyboardInterrupt" in ended.stderr) is (number == signal.SIGINT)
    assert ended.seconds < LONGEST_S


def test_a_signal_handler_may_do_what_it_likes(service: Service) -> None:
    """It evaluates, closes and ends the program, whatever it interrupted."""
    handler = f"""
def handle(*_):
    flags.is_enabled({FLAG!r}, "u")
    flags.close()
    sys.exit(5)
signal.signal(signal.SIGTERM, handle)
print("armed", flush=True)
while True:
    flags.close()
    flags.configure()
"""
    with Program(BEGIN + handler, service.url, service.token, "ready") as program:
        assert "begun" == program.line()
        program.say("go on")
        assert "armed" == program.line()
        ended = program.end(signal.SIGTERM)

    assert (5, "") == (ended.code, ended.stderr)
    assert ended.seconds < LONGEST_S


def test_what_was_counted_is_told_before_the_end(service: Service) -> None:
    """A short job that evaluates a hundred times and ends is seen by the server."""
    job = f"for _ in range(100): flags.is_enabled({FLAG!r}, 'u')\n" + TELL_TIME

    before = counted(service)
    with Program(BEGIN + job, service.url, service.token, "ready") as program:
        assert "begun" == program.line()
        program.say("go on")
        ended = program.end()

    assert "" == ended.stderr
    until(lambda: counted(service) - before >= 100)
    assert 100 == counted(service) - before


def counted(service: Service) -> int:
    """How many evaluations the server knows of."""
    metrics = httpx.get(f"{service.url}/metrics").text.splitlines()
    found = [line for line in metrics if line.startswith("flaghoist_evaluations_total{")]
    return sum(int(float(line.split()[-1])) for line in found)
