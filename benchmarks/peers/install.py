"""The environment that all are measured in, and ours as two wheels: compiled and pure.

Rules: nothing but the standard library. Peers are installed one by one, at the versions of
`benchmarks/peers.txt`, so that one that cannot be installed takes no other with it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.peers.contenders import BUILD, CONTENDERS, ROOT, VENV

__all__ = ["install_peers", "make_ours", "python_of_peers"]

PINS = ROOT / "benchmarks" / "peers.txt"
OURS_NEEDS = ("msgspec", "websockets", "mmh3")
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def python_of_peers() -> Path:
    """The interpreter that has the peers, or this one."""
    found = VENV / "bin" / "python"
    return found if found.exists() else Path(sys.executable)


def install_peers(titles: Iterable[str]) -> dict[str, str]:
    """Install these, and what ours needs. What could not be, by title, and why.

    Nothing is done if all of it was done before.
    """
    mark = VENV / "installed"
    wanted = {peer.title: peer.package for peer in CONTENDERS if peer.title in titles}
    done = "\n".join([PINS.read_text(), *wanted])
    if mark.exists() and mark.read_text() == done:
        return {}
    failed = _install_all(wanted)
    if not failed:
        mark.write_text(done)
    return failed


def _install_all(wanted: dict[str, str]) -> dict[str, str]:
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    reason = _install(*OURS_NEEDS)
    if reason:
        sys.exit(f"{', '.join(OURS_NEEDS)} cannot be installed: {reason}")
    failed = {}
    for title, package in wanted.items():
        reason = _install(package) if package not in ("flaghoist", *OURS_NEEDS) else ""
        if reason:
            failed[title] = f"it cannot be installed: {reason}"
    return failed


def _install(*packages: str) -> str:
    command = [str(python_of_peers()), *PIP, "install", "--constraint", str(PINS), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return "" if done.returncode == 0 else (said or ["pip failed"])[-1]


def make_ours() -> None:
    """Build both wheels from the sources as they are, unless that was done before."""
    for kind, switch in (("compiled", "0"), ("pure", "1")):
        folder, mark = BUILD / kind, BUILD / f"{kind}.made"
        if mark.exists() and mark.read_text() == _fingerprint():
            continue
        shutil.rmtree(folder, ignore_errors=True)
        wheels = BUILD / f"{kind}-wheel"
        shutil.rmtree(wheels, ignore_errors=True)
        build = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), "./client"]
        environment = {**os.environ, "FLAGHOIST_PURE": switch}
        subprocess.run([sys.executable, *PIP, *build], cwd=ROOT, env=environment, check=True)
        unpack = ["install", "--no-deps", "--no-index", "--target", str(folder)]
        found = [str(wheel) for wheel in wheels.glob("*.whl")]
        subprocess.run([sys.executable, *PIP, *unpack, *found], check=True)
        mark.write_text(_fingerprint())


def _fingerprint() -> str:
    """Of the sources and of the interpreter."""
    client = ROOT / "client"
    files = [*sorted(client.glob("src/**/*.py")), client / "setup.py", client / "pyproject.toml"]
    found = hashlib.sha256(sys.version.encode())
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()
