"""`flags`: the client that a process has without making one.

Rules: importing it starts nothing. It is configured by the application, or configures itself
from `FLAGHOIST_…` variables when it is first asked; both may happen in any thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flaghoist.client import Client
from flaghoist.early import defaults
from flaghoist.link.settings import Options, resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

__all__ = ["ProcessClient", "flags"]


class ProcessClient(Client):
    """`flags`: made with the module, configured when somebody does it or when it is first asked.

    Asked before that, it configures itself from `FLAGHOIST_…` variables if there are any. It
    does so once, and never fails: what is wrong with them is in `status` and in the log.
    """

    def __init__(self) -> None:
        self._awake = False
        self._begin()

    def configure(self, **options: Unpack[Options]) -> None:
        self._be_awake()
        super().configure(**options)

    def close(self) -> None:
        self._be_awake()
        super().close()

    def _be_awake(self) -> None:
        if not self._awake:
            self._awake = True
            self._hand_out()

    def _standing(self) -> tuple[bool, ...]:
        return (self._awake, *super()._standing())

    def _methods(self) -> dict[str, Callable[..., Any]]:
        return super()._methods() if self._awake else defaults(self, self._wake_up)

    def _wake_up(self) -> None:
        if self._awake:
            return
        self._be_awake()
        holding = self._holding
        try:
            if resolve({}, os.environ).says_anything:
                self.configure()
                return
            holding.last_error = "not configured: call flags.configure or set FLAGHOIST_URL"
        except Exception as error:  # noqa: BLE001 - an evaluation asks for this, and never raises
            holding.trouble("configuration", str(error))
        holding.readiness.open()


flags = ProcessClient()
"""The client of this process."""
