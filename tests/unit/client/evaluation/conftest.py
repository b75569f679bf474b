"""A guard over evaluations: what they do to the world outside is an error."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

FORBIDDEN = ("open", "socket.", "os.", "subprocess.", "_thread.", "shutil.", "fcntl.", "import")

_guarded: set[int] = set()
_caught: list[str] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _guarded and threading.get_ident() in _guarded and event.startswith(FORBIDDEN):
        _caught.append(f"{event}{args!r:.200}")


@pytest.fixture(scope="session")
def _hook() -> None:
    sys.addaudithook(_audit)  # it stays: a hook cannot be removed


@pytest.fixture
def no_io(_hook: None) -> Callable[[], AbstractContextManager[None]]:
    """A block in which this thread opens no file or socket, starts nothing and imports nothing."""

    @contextmanager
    def block() -> Iterator[None]:
        _caught.clear()
        _guarded.add(threading.get_ident())
        try:
            yield
        finally:
            _guarded.discard(threading.get_ident())
        assert _caught == []

    return block
