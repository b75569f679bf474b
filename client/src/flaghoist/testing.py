"""What tests of an application use: no server is needed for any of it.

The fixture `flag_overrides` is there as soon as `flaghoist` is installed beside pytest:

    def test_the_new_checkout(flag_overrides):
        flag_overrides["new-checkout"] = True
        ...                                          # undone after the test

To test what a flag file says, make a client of it: `client_of(FLAG_FILE, "production")`.

Rules: pytest imports this module in every run that it starts, so it imports little by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any

import pytest

from flaghoist.client import Client
from flaghoist.process import flags

__all__ = ["FlagOverrides", "client_of", "flag_overrides"]


class FlagOverrides(MutableMapping[str, Any]):
    """Fixed values of a client's flags; what is changed here is in effect at once.

    It is used as a dictionary, or called with one: `flag_overrides({"theme": "dark"})`.
    """

    def __init__(self, client: Client = flags) -> None:
        self._client = client
        self._values: dict[str, Any] = {}
        self._override: AbstractContextManager[None] | None = None

    def __call__(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Fix these too."""
        self._fix(self._values | dict(values or {}) | more)

    def __setitem__(self, key: str, value: Any) -> None:
        self._fix(self._values | {key: value})

    def __delitem__(self, key: str) -> None:
        self._fix({other: value for other, value in self._values.items() if other != key})

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def clear(self) -> None:
        """Fix nothing any more."""
        self._fix({})

    def _fix(self, values: dict[str, Any]) -> None:
        before, self._values = self._override, values
        self._override = self._client.override(values)
        self._override.__enter__()
        if before is not None:
            before.__exit__(None, None, None)


@pytest.fixture
def flag_overrides() -> Iterator[FlagOverrides]:
    """Fixed values of `flags` for one test."""
    overrides = FlagOverrides()
    yield overrides
    overrides.clear()


def client_of(flag_file: str | bytes | Mapping[str, Any], environment: str = "") -> Client:
    """A client that has the flags of this flag file (its text, or what JSON makes of it).

    It follows nothing and starts no thread. Raises: FlagFileError, DocumentError, FlaghoistError.
    """
    return Client._of_document(flag_file, environment)
