"""What an application calls: `flags`, the process-wide client, and `Client` for more of them.

Rules: looking a flag up is `Lookup`'s business and never comes here. Here is the life of a
client: configure, wait, status, changes, close, and again. Nothing here connects or waits for a
network; that is done by the link's thread.

The methods that look flags up are *handed out*: attributes of the client that are bound methods
of its lookup (`lookup` says why). So they can be exchanged without a cost to whoever uses the
plain ones: `flags` hands out ones that configure it first, until it is configured; and once a
middleware sets a context for each request, a client hands out ones that ask for it.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import TYPE_CHECKING, Any, Self

from flaghoist import lookup as _lookup_module
from flaghoist._version import __version__
from flaghoist.ambient import Ambient
from flaghoist.link.file_work import FileWork
from flaghoist.link.forking import ForkGate
from flaghoist.link.holding import Holding
from flaghoist.link.server_work import ServerWork
from flaghoist.link.settings import Options, Settings, resolve
from flaghoist.link.thread import Link, Work
from flaghoist.lookup import Lookup, Override
from flaghoist.snapshot import Snapshot

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Unpack

    from flaghoist.link.status import Status
    from flaghoist.lookup import ContextLike

__all__ = ["Client", "ProcessClient", "flags"]

CLOSE_PATIENCE_S = 1.0

_HANDED_OUT = ("is_enabled", "value", "evaluate", "all")

_COMPILED = not (_lookup_module.__file__ or "").endswith(".py")


class Client:
    """Looks up flags in this process and follows a server in the background.

    A client can be asked as soon as it is made: until flags have arrived it gives the caller's
    defaults. `close` it, or use it in a `with` statement; a program may also just end.
    """

    _holding: Holding
    _link: Link | None
    _options: Options
    _listeners: tuple[Callable[[frozenset[str]], object], ...]
    _uses_ambient: bool
    _fixed: Override | None

    def __init__(self, **options: Unpack[Options]) -> None:
        """Begin to follow. What is left out comes from `FLAGHOIST_…` variables.

        Raises: ConfigurationError.
        """
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
        client._begin()
        holding = Holding(client._lookup, Settings(environment=environment), __version__)
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
            if settings == self._holding.settings and self._link is not None:
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
        import asyncio  # noqa: PLC0415 - 30 ms; whoever awaits this has it already

        self._wake_up()
        opened = asyncio.Event()
        self._holding.readiness.on_open(_in_loop(asyncio.get_running_loop(), opened.set))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await opened.wait()
        return self._holding.snapshot.loaded

    @property
    def status(self) -> Status:
        """What the client knows of itself, as of now."""
        self._wake_up()
        return self._holding.status(compiled=_COMPILED)

    @property
    def snapshot(self) -> Snapshot:
        """The flags as they are now: immutable, whole, at one version."""
        return self._lookup.snapshot

    def pinned(self) -> AbstractContextManager[Snapshot]:
        """Let all lookups in a `with` block see one snapshot, whatever comes in meanwhile.

        It holds for this thread or task, and for tasks that are started within the block.
        """
        return self._lookup.pinned()

    def override(self, values: dict[str, Any]) -> AbstractContextManager[None]:
        """Give flags fixed values in a `with` block, in all threads; for tests above all."""
        return self._lookup.override(values)

    def using(self, context: ContextLike) -> AbstractContextManager[None]:
        """Let lookups that name no context use this one in a `with` block.

        It holds for this thread or task; the middlewares do it for each request.
        """
        if not self._uses_ambient:
            self._uses_ambient = True
            self._hand_out()
        return self._ambient.set(context)

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

    def _begin(self) -> None:
        self._lookup = Lookup()
        self._gate = ForkGate()
        self._ambient = Ambient()
        self._uses_ambient = False
        self._options = {}
        self._listeners = ()
        self._holding = Holding(self._lookup, Settings(), __version__)
        self._link = None
        self._fixed = None
        self.is_enabled = self._lookup.is_enabled
        self.value = self._lookup.value
        self.evaluate = self._lookup.evaluate
        self.all = self._lookup.all

    def _hand_out(self) -> None:
        """Exchange the methods that look flags up, as the state of the client wants it."""
        methods = self._ambient.methods(self._lookup) if self._uses_ambient else {}
        for name in _HANDED_OUT:
            setattr(self, name, methods.get(name) or getattr(self._lookup, name))

    def _next_holding(self, settings: Settings) -> Holding:
        """What is held for the new settings: the same flags, if the token says the same."""
        before = self._holding
        if _identity(settings) != _identity(before.settings):
            self._lookup._swap(Snapshot.empty(self._lookup.counters))
        holding = Holding(self._lookup, settings, __version__)
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
        self._fixed = self._lookup.override(settings.overrides) if settings.overrides else None
        if self._fixed is not None:
            self._fixed.__enter__()

    def _wake_up(self) -> None:
        """Configure what nobody has configured: only `flags` can be that."""


class ProcessClient(Client):
    """`flags`: made with the module, configured when somebody does it or when it is first asked.

    Asked before that, it configures itself from `FLAGHOIST_…` variables if there are any. It
    does so once, and never fails: what is wrong with them is in `status` and in the log.
    """

    def __init__(self) -> None:
        self._awake = False
        self._begin()
        self._hand_out()

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

    def _hand_out(self) -> None:
        super()._hand_out()
        if not self._awake:
            for name in _HANDED_OUT:
                setattr(self, name, self._waking(name))

    def _waking(self, name: str) -> Callable[..., Any]:
        """A method that configures first. It looks again for what is handed out then."""

        def method(*args: Any, **kwargs: Any) -> Any:
            if not self._awake:
                self._wake_up()
            return getattr(self, name)(*args, **kwargs)

        method.__doc__ = getattr(Lookup, name).__doc__
        method.__name__ = name
        return method

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


def _identity(settings: Settings) -> tuple[str, ...]:
    """What decides whose flags these are."""
    return (settings.token, settings.token_file, settings.environment, settings.bootstrap)


def _in_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        with contextlib.suppress(RuntimeError):  # it has been closed: nobody waits there any more
            loop.call_soon_threadsafe(callback)

    return call


flags = ProcessClient()
"""The client of this process."""
