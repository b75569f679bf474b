"""Compiles the hot path with mypyc when a wheel is built; everything else is in pyproject.toml.

Without a C compiler, or with FLAGHOIST_PURE=1, the wheel is `py3-none-any` and the same files run
as plain Python. An sdist holds only sources, and an editable install compiles nothing: a stale
extension module beside an edited source would be the one that runs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.dist import Distribution

COMPILED = [
    *sorted(map(str, Path("src/flaghoist/evaluation").glob("*.py"))),
    "src/flaghoist/snapshot.py",
    "src/flaghoist/lookup.py",
]


def can_compile() -> bool:
    """Whether there is a C compiler that finds Python's headers."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text("#include <Python.h>\n")
        command = build_ext(Distribution({"ext_modules": [Extension("probe", [str(probe)])]}))
        command.build_lib = command.build_temp = folder
        try:
            command.ensure_finalized()
            command.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, there will be no compiled code
            print(f"flaghoist: no C compiler ({error}); building a wheel of plain Python")
            return False
    return True


def extensions() -> list[Extension]:
    """The extension modules of a compiled wheel; none where nothing is to be compiled."""
    if (
        "bdist_wheel" not in sys.argv
        or os.environ.get("FLAGHOIST_PURE") == "1"
        or not can_compile()
    ):
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - only a compiled wheel needs it

    # -fwrapv: murmur multiplies modulo 2**64. MSVC wraps anyway and does not know the option.
    wrap = [] if sys.platform == "win32" else ["-fwrapv"]
    made = mypycify(
        ["--config-file=", "--strict", "--ignore-missing-imports", *COMPILED],
        opt_level="3",
        group_name="flaghoist",
    )
    for extension in made:
        extension.extra_compile_args = [*(extension.extra_compile_args or []), *wrap]
    return made


setup(ext_modules=extensions())
