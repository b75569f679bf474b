"""What an application calls. `flags`, the process-wide client, is in `process`.

Rules: looking a flag up is `Lookup`'s business and never comes here. Here is the life of a
client: configure, wait, status, changes, close, and again. Nothing here connects or waits for a
network; that is done by the link's thread. Nothing heavy is imported with this module either.

The methods that look flags up are *handed out*: attributes of the client that are bound methods
of its lookup (`lookup` says why). So they can be exchanged without a cost to whoever uses the
plain ones. Which ones are handed out is decided by where the client stands:

    asleep     only `flags`, until it is configured: they configure it first (see `process`)
    loading    until the link's thread has loaded the evaluator: they give the defaults
    plain      the lookup's own
    ambient    once a middleware has set a context for a request: they ask for it
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import TYPE_CHECKING, Any, Self

from flaghoist.ambient import Ambient
from flaghoist.early import defaults
from flaghoist.link.engine import Engine
from flaghoist.link.forking import ForkGate
from flaghoist.link.holding import Holding
from flaghoist.link.overrides import parse_overrides
from flaghoist.link.settings import Options, Settings, resolve
from flaghoist.link.thread import Link, Work
from flaghoist.link.work import ServerWork

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from typing import Unpack

    from flaghoist.link.status import Status
    from flaghoist.lookup import ContextLike, Override
    from flaghoist.snapshot import Snapshot

__all__ = ["Client"]

CLOSE_PATIENCE_S = 1.0

_HANDED_OUT = ("is_enabled", "value", "evaluate", "all")


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
    _dropped: weakref.finalize[..., Client] | None

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
        from flaghoist.link.file_work import FileWork  # noqa: PLC0415 - it imports the evaluator

        client = cls.__new__(cls)
        client._begin()
        overrides = parse_overrides(os.environ.get("FLAGHOIST_OVERRIDES", ""))
        holding = Holding(client._engine, Settings(environment=environment, overrides=overrides))
        client._fix(holding.settings)
        work = FileWork(holding, os.fspath(path), environment)
        work.load()
        client._follow(holding, work)
        return client

    @classmethod
    def _of_document(cls, document: str | bytes | Mapping[str, Any], environment: str) -> Self:
        """A client of a flag file that is at hand; it follows nothing. See `testing.client_of`."""
        from flaghoist.link.sources import from_document  # noqa: PLC0415 - as in `from_file`

        client = cls.__new__(cls)
        client._begin()
        client._holding.adopt(from_document(document, environment), "file")
        client._holding.readiness.open()
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
            self._stop(patience_s=0.0)
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
        return self._engine.flags_loaded

    async def ready(self, timeout: float | None = 5.0) -> bool:
        """`wait_until_ready` for asyncio: it keeps no loop from running."""
        import asyncio  # noqa: PLC0415 - 30 ms; whoever awaits this has it already

        self._wake_up()
        opened = asyncio.Event()
        self._holding.readiness.on_open(_in_loop(asyncio.get_running_loop(), opened.set))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await opened.wait()
        return self._engine.flags_loaded

    @property
    def status(self) -> Status:
        """What the client knows of itself, as of now."""
        self._wake_up()
        return self._holding.status()

    @property
    def snapshot(self) -> Snapshot:
        """The flags as they are now: immutable, whole, at one version."""
        return self._engine.load().snapshot

    def pinned(self) -> AbstractContextManager[Snapshot]:
        """Let all lookups in a `with` block see one snapshot, whatever comes in meanwhile.

        It holds for this thread or task, and for tasks that are started within the block.
        """
        self._wake_up()
        return self._engine.load().pinned()

    def override(self, values: dict[str, Any]) -> AbstractContextManager[None]:
        """Give flags fixed values in a `with` block, in all threads; for tests above all."""
        return self._engine.load().override(values)

    def using(self, context: ContextLike) -> AbstractContextManager[None]:
        """Let lookups that name no context use this one in a `with` block.

        It holds for this thread or task; the middlewares do it for each request.
        """
        if not self._uses_ambient:
            self._uses_ambient = True
            self._hand_out()
        return self._ambient.set(context)

    def peek(self, keys: Iterable[str]) -> tuple[int, dict[str, str]]:
        """The version, and what variants these flags have, for logs: nothing is counted.

        For the ambient context. What has no variant is left out; an override is called that.
        """
        lookup = self._engine.lookup
        if lookup is None:
            return 0, {}
        return lookup._pinned_snapshot().version, self._ambient.variants(lookup, keys)

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
            self._stop(CLOSE_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        self._engine = Engine()
        self._engine.on_load = _weakly(self._hand_out)
        self._gate = ForkGate()
        self._ambient = Ambient()
        self._uses_ambient = False
        self._options = {}
        self._listeners = ()
        self._holding = Holding(self._engine, Settings())
        self._link = None
        self._fixed = None
        self._dropped = None
        self._hand_out()
        if TYPE_CHECKING:  # what `_hand_out` sets
            self.is_enabled = self._engine.load().is_enabled
            self.value = self._engine.load().value
            self.evaluate = self._engine.load().evaluate
            self.all = self._engine.load().all

    def _hand_out(self) -> None:
        """Exchange the methods that look flags up for those that the client's standing asks for.

        Two threads may do it at once: a standing only ever advances, and whoever finds that it
        has advanced meanwhile does it again.
        """
        handed_out: object = None
        while handed_out != (standing := self._standing()):
            for name, method in self._methods().items():
                setattr(self, name, method)
            handed_out = standing

    def _standing(self) -> tuple[bool, ...]:
        return (self._engine.lookup is not None, self._uses_ambient)

    def _methods(self) -> dict[str, Callable[..., Any]]:
        lookup = self._engine.lookup
        if lookup is None:
            return defaults(self, self._wake_up)
        if self._uses_ambient:
            return self._ambient.methods(lookup)
        return {name: getattr(lookup, name) for name in _HANDED_OUT}

    def _next_holding(self, settings: Settings) -> Holding:
        """What is held for the new settings: the same flags, if the token says the same."""
        before, lookup = self._holding, self._engine.lookup
        if lookup is not None and _identity(settings) != _identity(before.settings):
            self._engine.give(lookup.snapshot.empty(lookup.counters), lambda: True)
        holding = Holding(self._engine, settings)
        if self._engine.flags_loaded:
            holding.source = before.source
        holding.listeners = self._listeners
        return holding

    def _follow(self, holding: Holding, work: Work) -> None:
        self._holding = holding
        self._link = link = Link(work)
        # A client that was dropped takes its thread with it; `thread` sees to the program's end.
        self._dropped = weakref.finalize(self, link.ask_to_stop)
        self._dropped.atexit = False
        link.start()

    def _stop(self, patience_s: float) -> None:
        self._holding.retired = True
        link, self._link = self._link, None
        if link is not None:
            link.stop(patience_s)
        if self._dropped is not None:
            self._dropped.detach()
        self._holding.lost()
        self._holding.readiness.open()  # whoever waits for it waits for nothing

    def _fix(self, settings: Settings) -> None:
        """Give flags the fixed values of the settings, and of these settings only."""
        if self._fixed is not None:
            self._fixed.__exit__()
            self._fixed = None
        if settings.overrides:  # before anything is looked up: that is worth loading the evaluator
            self._fixed = self._engine.load().override(settings.overrides)
            self._fixed.__enter__()

    def _wake_up(self) -> None:
        """Configure what nobody has configured: only `flags` can be that."""


def _identity(settings: Settings) -> tuple[str, ...]:
    """What decides whose flags these are."""
    return (settings.token, settings.token_file, settings.environment, settings.bootstrap)


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """A call of the method that does not keep its object alive."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        method = reference()
        if method is not None:
            method()

    return call


def _in_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        with contextlib.suppress(RuntimeError):  # it has been closed: nobody waits there any more
            loop.call_soon_threadsafe(callback)

    return call
