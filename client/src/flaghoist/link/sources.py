"""Where flags come from without a server: the disk cache, a bootstrap file, a flag file.

Rules: called in the link's thread, or by `Client.from_file` once. A source that cannot be used
raises, or is passed over with a reason; it never gives half of what it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flaghoist.errors import FlaghoistError
from flaghoist.evaluation.context import Context
from flaghoist.link.cache import DiskCache
from flaghoist.link.conversation import build
from flaghoist.model.digest import canonical
from flaghoist.model.flagfile import (
    FlagFile,
    environment_of,
    environments_of,
    parse_flag_document,
    read_flag_file,
)
from flaghoist.snapshot import Snapshot

if TYPE_CHECKING:
    from flaghoist.link.holding import Holding
    from flaghoist.protocol.messages import Full

__all__ = ["from_cache", "from_document", "from_flag_file", "load", "unfit"]

_PROBE = Context("probe", email="probe@example.com")


def load(holding: Holding) -> DiskCache | None:
    """Take the best there is on disk, if there is nothing yet. The cache, if there is to be one."""
    settings = holding.settings
    try:
        token = settings.current_token()
    except OSError:
        return None  # said when connecting
    cache = DiskCache(settings.cache_dir, token) if settings.cache_dir else None
    if holding.snapshot.loaded:
        return cache
    snapshot = None if cache is None else from_cache(cache, holding.snapshot)
    if snapshot is not None:
        holding.adopt(snapshot, "cache")
    elif settings.bootstrap:
        _bootstrap(holding)
    return cache


def _bootstrap(holding: Holding) -> None:
    settings = holding.settings
    try:
        snapshot = from_flag_file(settings.bootstrap, settings.environment, holding.snapshot)
    except Exception as error:  # noqa: BLE001 - an unusable file leaves the next source
        holding.trouble("bootstrap", f"the bootstrap file cannot be used: {error}")
    else:
        holding.adopt(snapshot, "bootstrap")


def from_cache(cache: DiskCache, before: Snapshot) -> Snapshot | None:
    """The newest generation that can be built, has the right hash and can be evaluated."""
    return next(filter(None, (_revived(full, before) for full in cache.generations())), None)


def from_flag_file(path: str, environment: str, before: Snapshot) -> Snapshot:
    """The flags of a file in one environment.

    Raises: FlagFileError for a bad file, OSError for one that cannot be read, FlaghoistError if
    it is not clear which environment is meant.
    """
    return _of_flag_file(read_flag_file(Path(path).read_bytes(), path), path, environment, before)


def from_document(document: str | bytes | Mapping[str, Any], environment: str) -> Snapshot:
    """The flags of a flag file that is at hand as text or as what JSON makes of it.

    Raises: FlagFileError, DocumentError, FlaghoistError.
    """
    if isinstance(document, Mapping):
        file = parse_flag_document(document)
    else:
        file = read_flag_file(document, "<document>")
    return _of_flag_file(file, "the document", environment, Snapshot.empty())


def _of_flag_file(file: FlagFile, place: str, environment: str, before: Snapshot) -> Snapshot:
    """The flags of one environment. Raises: FlaghoistError."""
    names = environments_of(file)
    if not environment and len(names) > 1:
        raise FlaghoistError(
            f"{place} has several environments ({', '.join(names)}); say which: environment=…"
        )
    name = environment or next(iter(names), "default")
    if environment and names and environment not in names:
        raise FlaghoistError(f"{place} has no environment {environment!r}, only {', '.join(names)}")
    flags, segments = environment_of(file, name)
    version = before.version + 1
    return before.of(
        name,
        "file",
        version,
        {key: (version, canonical(flag)) for key, flag in flags.items()},
        {segment: canonical(when) for segment, when in segments.items()},
        before,
    )


def _revived(full: Full, before: Snapshot) -> Snapshot | None:
    try:
        snapshot = build(full, before)
    except Exception:  # noqa: BLE001 - whatever a generation does to us, there is an older one
        return None
    sound = snapshot.hash == (full.hash or snapshot.hash) and unfit(snapshot) is None
    return snapshot if sound else None


def unfit(snapshot: Snapshot) -> str | None:
    """The first flag that cannot be evaluated, though it was compiled; `None`: all can."""
    for key, flag in snapshot.flags.items():
        try:
            flag.choose(_PROBE)
            flag.choose(None)
        except Exception:  # noqa: BLE001 - this is what is being looked for
            return key
    return None
