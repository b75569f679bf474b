"""Imports point one way, and the pure rooms stay pure: read from the source, not from a run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client" / "src" / "flaghoist"
SERVER = ROOT / "server" / "src" / "flaghoist_server"

# A room may import itself and what stands before it in its list.
CLIENT_LAYERS = [
    "_version",
    "errors",
    "model",
    "evaluation",
    "snapshot",
    "lookup",
    "ambient",
    "early",
    "protocol",
    "telemetry",
    "link",
    "client",
    "process",
    "testing",
    "integrations",
]
SERVER_LAYERS = [
    "change",
    "store",
    "feed",
    "fleet",
    "hub",
    "settings",
    "api",
    "console",
    "serve",
    "terminal",
    "demo",
    "cli",
]
PURE = [CLIENT / room for room in ("model", "evaluation", "snapshot.py", "protocol")]
PURE += [SERVER / "change"]
IMPURE_MODULES = {
    "asyncio", "socket", "threading", "time", "random", "logging", "redis", "sqlite3", "apsw",
    "litestar", "websockets", "httpx", "uvicorn", "subprocess", "http", "urllib", "secrets",
}  # fmt: skip


def files_of(place: Path) -> Iterator[Path]:
    yield from ([place] if place.suffix == ".py" else sorted(place.rglob("*.py")))


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    """Absolute names of all modules that a file imports when it runs."""
    tree = ast.parse(file.read_text())
    hints = [node for node in ast.walk(tree) if is_for_type_checking(node)]
    left_out = {id(node) for hint in hints for node in ast.walk(hint)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute here"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def is_for_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def room_of(name: str, package: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == package and len(parts) > 1 else None


@pytest.mark.parametrize(
    ("base", "layers"), [(CLIENT, CLIENT_LAYERS), (SERVER, SERVER_LAYERS)], ids=["client", "server"]
)
def test_imports_point_down_the_layers(base: Path, layers: list[str]) -> None:
    """A room imports only itself and the rooms before it in the list."""
    wrong = []
    for file in files_of(base):
        own = file.relative_to(base).parts[0].removesuffix(".py")
        if own in ("__init__", "__main__"):
            continue
        assert own in layers, f"{file.relative_to(ROOT)}: add the room {own!r} to the layers"
        for line, name in imports_of(file):
            other = room_of(name, base.name)
            if other in layers and layers.index(other) > layers.index(own):
                wrong.append(f"{file.relative_to(ROOT)}:{line}: {own} imports {name}")

    assert wrong == []


def test_the_sdk_never_imports_the_server() -> None:
    """The SDK lives in other people's processes: the server is not there."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in files_of(CLIENT)
        for line, name in imports_of(file)
        if name.split(".")[0] == SERVER.name
    ]

    assert wrong == []


def test_pure_rooms_know_no_clock_chance_thread_socket_file_or_log() -> None:
    """The core decides; the shells act."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for place in PURE
        for file in files_of(place)
        for line, name in imports_of(file)
        if name.split(".")[0] in IMPURE_MODULES
    ]

    assert wrong == []
