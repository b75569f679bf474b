"""States made of flag documents, as commands meet them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from tests.logs import Log

from flaghoist_server.change.state import State

StateOf = Callable[..., State]


@pytest.fixture
def state_of() -> StateOf:
    """`state_of({key: document}, {name: segment}, environment)`: an environment that has these."""

    def make(
        flags: Mapping[str, Any],
        segments: Mapping[str, Any] | None = None,
        environment: str = "production",
    ) -> State:
        log = Log(environment)
        log.create()
        log.change(
            {key: msgspec.json.encode(document) for key, document in flags.items()},
            {name: msgspec.json.encode(segment) for name, segment in (segments or {}).items()},
        )
        return log.state

    return make
