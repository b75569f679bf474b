"""What an application calls: `flags`, the process-wide client, and `Client` for more of them.

Rules: looking a flag up is `Lookup`'s business and never comes here, but for one case: the
process-wide client is asked before anybody has configured it. Here is the life of a client:
configure, wait, status, changes, close, and again. Nothing here connects or waits for a network;
that is done by the link's thread.
"""

from __future__ import annotations

import logging
import os
import weakref
from typing import TYPE_CHECKING, Self

from flaghoist import lookup as _lookup
from flaghoist._version import __version__
from flaghoist.link.file_work import FileWork
from flaghoist.link.forking import ForkGate
from flaghoist.link.holding import Holding
from flaghoist.link.server_work import ServerWork
from flaghoist.link.settings import ConfigurationError, Options, Settings, resolve
from flaghoist.link.thread import Link, Work
from flaghoist.lookup import Lookup, Override
from flaghoist.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from flaghoist.evaluation.result import Evaluation
    from flaghoist.link.status import Status

__all__ = ["Client", "flags"]

_log = logging.getLogger("flaghoist")

CLOSE_PATIENCE_S = 1.0


class Client(Lookup):
    """Looks up flags in this process and follows a server in the background.

    A client is ready to be asked as soon as it is made: until flags have arrived it gives the
    caller's defaults. `close` it, or use it in a `with` statement; a program may also just end.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        """Begin to follow. What is left out comes from `FLAGHOIST_…` variables.

        Raises: ConfigurationError.
        """
        super().__init__()
        self._begin()
        self.configure(**options)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], environment: str = "") -> Self:
        """A client of a flag file: no server, and it follows the file as it changes.

        `environment` may be left out if the file has only one. A later edit that is bad leaves
        the last good flags in use and is named in the log and in `status`.

        Raises: FlagFileError naming every problem with its place, OSError, ConfigurationError.
        """
        client = cls.__new__(cls)
        Lookup.__init__(client)
        client._begin()
        holding = Holding(client, Settings(environment=environment), __version__)
        work = FileWork(holding, os.fspath(path), environment)
        work.load()
        client._follow(holding, work)
        return client

    def configure(self, **options: Unpack[Options]) -> None:
        """Begin to follow, or follow something else from now on. Returns at once.

        With the options that it has already, nothing happens. After `close` it opens again.

        Raises: ConfigurationError.
        """
        settings = resolve(options or self._options, os.environ)
        with self._gate:
            self._options = options or self._options
            if settings == self._holding.settings and self._is_open:
                return
            self._stop()
            self._fix(settings)
            holding = self._next_holding(settings)
            self._follow(holding, ServerWork(holding))

    def wait_until_ready(self, timeout: float | None = 5.0) -> bool:
        """Wait until there are flags and waiting longer would bring no newer ones.

        Whether there are flags. It is also `True` when the server cannot be reached and flags
        were found in the disk cache or the bootstrap file.
        """
        self._wake_up()
        self._holding.readiness.wait(timeout)
        return self._holding.snapshot.loaded

    async def ready(self, timeout: float | None = 5.0) -> bool:
        """`wait_until_ready` for asyncio: it keeps no loop from running."""
        import asyncio  # noqa: PLC0415 - whoever calls this has it already

        self._wake_up()
        loop = asyncio.get_running_loop()
        opened = asyncio.Event()
        self._holding.readiness.on_open(_from_any_thread(loop, opened.set))
        try:
            async with asyncio.timeout(timeout):
                await opened.wait()
        except TimeoutError:
            pass
        return self._holding.snapshot.loaded

    @property
    def status(self) -> Status:
        """What the client knows of itself, as of now."""
        self._wake_up()
        return self._holding.status(compiled=not (_lookup.__file__ or "").endswith(".py"))

    def on_change(self, callback: Callable[[frozenset[str]], object]) -> Callable[[], None]:
        """Call back with the keys of flags that have changed. Returns what ends that.

        It is called in the client's background thread, after the change is in effect. What it
        raises is logged and goes no further.
        """

        def forget() -> None:
            with self._gate:
                self._listeners = tuple(one for one in self._listeners if one is not callback)
                self._holding.listeners = self._listeners

        with self._gate:
            self._listeners = (*self._listeners, callback)
            self._holding.listeners = self._listeners
        return forget

    def close(self) -> None:
        """Stop following. Flags stay as they are; `configure` opens the client again."""
        with self._gate:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # From here on: private.

    def _begin(self) -> None:
        self._gate = ForkGate()
        self._options: Options = {}
        self._listeners: tuple[Callable[[frozenset[str]], object], ...] = ()
        self._holding = Holding(self, Settings(), __version__)
        self._link: Link | None = None
        self._fixed: Override | None = None

    @property
    def _is_open(self) -> bool:
        return self._link is not None

    def _next_holding(self, settings: Settings) -> Holding:
        """What is held for the new settings: the same flags, if the token says the same."""
        before = self._holding
        if self.snapshot.loaded and _identity(settings) != _identity(before.settings):
            self._swap(Snapshot.empty(self.counters))
        holding = Holding(self, settings, __version__)
        if self.snapshot.loaded:
            holding.source = before.source
        holding.listeners = self._listeners
        return holding

    def _follow(self, holding: Holding, work: Work) -> None:
        self._holding = holding
        self._link = link = Link(work)
        # A client that was dropped takes its thread with it; `thread` sees to the program's end.
        weakref.finalize(self, link.ask_to_stop).atexit = False
        link.start()

    def _stop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.stop(CLOSE_PATIENCE_S)
        self._holding.lost()

    def _fix(self, settings: Settings) -> None:
        """Give flags the fixed values of the settings, and of these settings only."""
        if self._fixed is not None:
            self._fixed.__exit__()
        self._fixed = self.override(settings.overrides) if settings.overrides else None
        if self._fixed is not None:
            self._fixed.__enter__()

    def _wake_up(self) -> None:
        """Configure by the environment what nobody has configured. Only `flags` does."""


class ProcessClient(Client):
    """`flags`: made with the module, configured when somebody does it or when it is first asked.

    Asked before that, it configures itself from `FLAGHOIST_…` variables if there are any. It
    does so once, and never fails: what is wrong with them is in `status` and in the log.
    """

    def __init__(self) -> None:
        Lookup.__init__(self)
        self._begin()
        self._awake = False

    def configure(self, **options: Unpack[Options]) -> None:
        self._awake = True
        super().configure(**options)

    def close(self) -> None:
        self._awake = True
        super().close()

    def _wake_up(self) -> None:
        if self._awake:
            return
        self._awake = True
        try:
            if resolve({}, os.environ).says_anything:
                self.configure()
            else:
                self._holding.last_error = (
                    "not configured: call flags.configure or set FLAGHOIST_URL"
                )
                self._holding.readiness.open()
        except ConfigurationError as error:
            self._holding.trouble("configuration", str(error))
            self._holding.readiness.open()

    def _absent(self, key: object, default: object) -> Evaluation:
        if not self._awake:
            self._wake_up()
        return super()._absent(key, default)


def _identity(settings: Settings) -> tuple[str, ...]:
    """What decides whose flags these are."""
    return (settings.token, settings.token_file, settings.environment, settings.bootstrap)


def _from_any_thread(loop: object, callback: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        try:
            loop.call_soon_threadsafe(callback)  # type: ignore[attr-defined]  # asyncio is not imported here
        except RuntimeError:
            pass  # the loop has been closed: nobody waits there any more

    return call


flags = ProcessClient()
"""The client of this process."""
