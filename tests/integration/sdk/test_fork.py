"""Forked children follow by themselves: gunicorn, Celery and multiprocessing, none of them helped.

A child waits up to two seconds before it connects, since 64 are often forked at once; each has to
see a flip within five. `FLAGHOIST_FORKS=1000` makes the run of bare forks long.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.integration.sdk.programs import Program
from tests.integration.sdk.service import FLAG, Service, until
from tests.redis_servers import free_port

FORKS = int(os.environ.get("FLAGHOIST_FORKS", "60"))
SEEN_WITHIN_S = 5.0
BUSY_S = 15.0
"""What a busy machine may take longer; a child that follows nothing never comes."""

BARE_FORKS = f"""
import os, sys, threading, time
from flaghoist import Client, flags
flags.configure(url=sys.argv[1], token=sys.argv[2])
assert flags.wait_until_ready(20)
stop = threading.Event()

def busy():
    while not stop.is_set():
        flags.is_enabled({FLAG!r}, "u")
        Client(url=sys.argv[1], token=sys.argv[2], app="busy").close()

threading.Thread(target=busy, daemon=True).start()
wrong = 0
for number in range(int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        right = flags.is_enabled({FLAG!r}, "u") is True and flags.status.ready
        flags.close()
        os._exit(0 if right else 1)
    wrong += os.waitpid(child, 0)[1] != 0
stop.set()
print(wrong, flush=True)
print(time.monotonic(), flush=True)
"""


def test_forks_in_the_midst_of_everything(service: Service) -> None:
    """No child hangs or is wrong, while threads configure, connect and close in the parent."""
    with Program(BARE_FORKS, service.url, service.token, str(FORKS)) as program:
        wrong = program.line()
        ended = program.end(within_s=60 + FORKS)

    assert ("0", 0, "") == (wrong, ended.code, ended.stderr)


CHILDREN = f"""
import multiprocessing, sys, time
from flaghoist import flags

def follow(number, queue, deadline):
    while flags.is_enabled({FLAG!r}, "u"):
        if time.monotonic() > deadline.value:
            queue.put((number, "late"))
            return
        time.sleep(0.01)
    queue.put((number, flags.status.instance))

if __name__ == "__main__":
    flags.configure(url=sys.argv[1], token=sys.argv[2])
    assert flags.wait_until_ready(20)
    context = multiprocessing.get_context("fork")
    queue, deadline = context.Queue(), context.Value("d", time.monotonic() + 60)
    children = [context.Process(target=follow, args=(n, queue, deadline)) for n in range(8)]
    for child in children:
        child.start()
    print("begun", flush=True)
    names = dict(queue.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    assert flags.is_enabled({FLAG!r}, "u") is False, "the parent has it, too"
    print(len({{flags.status.instance, *names.values()}}), "late" in names.values(), flush=True)
    print(time.monotonic(), flush=True)
"""


def test_children_of_multiprocessing_see_a_flip(service: Service) -> None:
    """Each with a name of its own in the fleet, and the parent undisturbed."""
    with Program(CHILDREN, service.url, service.token) as program:
        assert "begun" == program.line()
        begun = time.monotonic()
        service.change("off")
        assert "9 False" == program.line()
        assert time.monotonic() - begun < SEEN_WITHIN_S + BUSY_S
        ended = program.end()

    assert (0, "") == (ended.code, ended.stderr)


WEB = f"""
import os
from flaghoist import flags

flags.configure(app="web")
flags.wait_until_ready(20)

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{os.getpid()}} {{flags.is_enabled({FLAG!r}, 'u')}}".encode()]
"""


@pytest.fixture
def gunicorn(service: Service, tmp_path: Path) -> Iterator[str]:
    """The address of a real gunicorn with --preload and four workers."""
    (tmp_path / "web.py").write_text(WEB)
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "4"]
    command += ["--bind", f"127.0.0.1:{port}", "--chdir", str(tmp_path), "web:app"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=_environ(service), stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    until(lambda: _answers(url), within_s=30)
    yield url
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(20)
    assert "Traceback" not in log.read_text()


def _environ(service: Service) -> dict[str, str]:
    return os.environ | {"FLAGHOIST_URL": service.url, "FLAGHOIST_TOKEN": service.token}


def _answers(url: str, times: int = 1) -> dict[str, str]:
    """What each worker says, by its process id."""
    try:
        return dict(httpx.get(url, timeout=5).text.split() for _ in range(times))
    except httpx.HTTPError:
        return {}


def test_every_worker_of_a_preloading_gunicorn_sees_a_flip(service: Service, gunicorn: str) -> None:
    """The application was imported, and connected, before the workers were forked."""
    workers: dict[str, str] = {}
    until(lambda: workers.update(_answers(gunicorn)) or len(workers) == 4, within_s=30)
    assert {"True"} == set(workers.values())

    service.change("off")

    def all_have_it() -> bool:
        workers.update(_answers(gunicorn, 8))
        return set(workers.values()) == {"False"}

    until(all_have_it, within_s=SEEN_WITHIN_S + BUSY_S)
    web = [row for row in service.fleet() if row["app"] == "web"]
    assert 5 == len({row["instance"] for row in web})


TASKS = f"""
import os
from celery import Celery
from flaghoist import flags

flags.configure(app="tasks")
flags.wait_until_ready(20)
app = Celery("tasks", broker="filesystem://", backend=f"file://{{os.environ['PLACE']}}/results")
queue = os.environ["PLACE"] + "/queue"
app.conf.broker_transport_options = {{
    "data_folder_in": queue, "data_folder_out": queue, "polling_interval": 0.05
}}

@app.task
def look():
    return [os.getpid(), flags.is_enabled({FLAG!r}, "u")]
"""

ASK = """
import sys
from tasks import look
print([look.delay().get(timeout=30)[1] for _ in range(int(sys.argv[1]))])
"""


def test_every_worker_of_a_celery_pool_sees_a_flip(service: Service, tmp_path: Path) -> None:
    """Celery's prefork pool imports the application in its parent, as gunicorn does."""
    (tmp_path / "tasks.py").write_text(TASKS)
    for folder in ("queue", "results"):
        (tmp_path / folder).mkdir()
    environ = _environ(service) | {"PLACE": str(tmp_path)}
    log = tmp_path / "log"
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--pool", "prefork"]
    command += [
        "--concurrency",
        "3",
        "--loglevel",
        "INFO",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=out, stderr=out)
    try:
        until(lambda: "ready." in log.read_text(), within_s=60)

        def connected() -> int:
            return len([row for row in service.fleet() if row["app"] == "tasks"])

        until(lambda: connected() == 4, within_s=SEEN_WITHIN_S + BUSY_S)
        receipt = service.change("off", wait_s=2 * SEEN_WITHIN_S)
        asked = subprocess.run(
            [sys.executable, "-c", ASK, "4"],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    assert receipt["connected"] == receipt["applied"]
    assert str([False] * 4) == asked.stdout.strip(), asked.stderr
    assert "Traceback" not in log.read_text()
