"""What is handed out for operators fits the server: probes, signals, and time enough to leave."""

from __future__ import annotations

import configparser
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.integration.server.site import Site

from flaghoist_server.hub.hub import CLOSE_SECONDS
from flaghoist_server.serve.http import REQUESTS_END_SECONDS
from flaghoist_server.settings import _VARIABLES, Settings

DEPLOY = Path(__file__).parents[3] / "deploy"
UNIT = DEPLOY / "flaghoist.service"
AFTER_DRAIN_SECONDS = CLOSE_SECONDS + REQUESTS_END_SECONDS


@pytest.fixture
def unit() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(UNIT.read_text())
    return parser


@pytest.fixture
def manifests() -> dict[str, Any]:
    with (DEPLOY / "kubernetes.yaml").open() as file:
        return {each["kind"]: each for each in YAML(typ="safe", pure=True).load_all(file)}


def test_systemd_waits_until_flags_are_served_and_until_the_server_has_left(
    unit: configparser.RawConfigParser,
) -> None:
    """Killed earlier, it would cut off SDKs and answers."""
    service = unit["Service"]

    assert ("notify", "SIGTERM") == (service["Type"], service["KillSignal"])
    assert float(service["TimeoutStopSec"]) > Settings().drain_seconds + AFTER_DRAIN_SECONDS
    assert float(service["TimeoutStartSec"]) > 2 * Settings().store_wait_seconds


async def test_a_server_tells_its_manager_when_it_is_ready_and_when_it_leaves(
    sites: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What `Type=notify` waits for, from the process that an operator runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "manager"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "manager"))
        site = sites()
        await site.start()

        exit_code = await site.terminate()

        assert [b"READY=1", b"STOPPING=1"] == [manager.recv(100), manager.recv(100)]
        assert 0 == exit_code


def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    """With a command that exists on this machine in the place of the installed one."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed here")
    here = tmp_path / "flaghoist.service"
    here.write_text(UNIT.read_text().replace("/opt/flaghoist/bin/flaghoist", "/bin/true"))

    told = subprocess.run([program, "verify", here], capture_output=True, text=True, check=False)

    assert (0, "") == (told.returncode, told.stderr)


def test_haproxy_understands_its_file_and_asks_often_enough() -> None:
    """A server that leaves is found out within the notice that it gives."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert program is not None, "HAProxy is not installed: `make system` installs it"
    file = DEPLOY / "haproxy.cfg"

    told = subprocess.run([program, "-c", "-f", file], capture_output=True, text=True, check=False)

    assert 0 == told.returncode, told.stderr
    (milliseconds,) = re.findall(r"check inter (\d+)ms fall 1 ", file.read_text())
    assert int(milliseconds) / 1000 <= Settings().notice_seconds / 2


def test_kubernetes_gives_time_to_leave_and_asks_what_the_server_answers(
    manifests: dict[str, Any],
) -> None:
    """A pod is not killed while SDKs move, nor restarted because its store is away."""
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    told = {each["name"]: each.get("value") for each in server["env"]}
    drain, notice = (float(told[f"FLAGHOIST_{n}_SECONDS"]) for n in ("DRAIN", "NOTICE"))
    probes = {name: server[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")}

    assert pod["terminationGracePeriodSeconds"] > drain + AFTER_DRAIN_SECONDS
    assert notice > server["readinessProbe"]["periodSeconds"]
    assert {"liveness": "/livez", "readiness": "/readyz"} == probes
    assert told.keys() <= {f"FLAGHOIST_{name.upper()}" for name in _VARIABLES}


def test_kubernetes_parts_belong_together(manifests: dict[str, Any]) -> None:
    """One label selects everything, and volumes and ports are there by the names that are used."""
    template = manifests["Deployment"]["spec"]["template"]
    (server,) = template["spec"]["containers"]
    labels = template["metadata"]["labels"]

    selectors = [manifests[kind]["spec"]["selector"] for kind in ("Deployment", "Service",
                                                                 "PodDisruptionBudget")]  # fmt: skip
    assert [{"matchLabels": labels}, labels, {"matchLabels": labels}] == selectors
    assert {each["name"] for each in template["spec"]["volumes"]} == {
        each["name"] for each in server["volumeMounts"]
    }
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == server["ports"][0]["name"]
