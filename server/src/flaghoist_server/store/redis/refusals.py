"""What an error reply of Redis means to a store, and what the reader of it can do about it."""

from __future__ import annotations

from typing import Final

import hiredis

from flaghoist_server.store.port import StoreError, StoreReadOnly, StoreUnavailable
from flaghoist_server.store.redis.target import Address

__all__ = ["TryElsewhere", "refusal", "unreachable"]

# Reply code -> (class, what it means and what to do). `{at}` is the server, `{said}` its own words.
_MEANINGS: Final[dict[str, tuple[type[StoreError], str]]] = {
    "NOAUTH": (StoreError, "Redis at {at} wants a password: redis://USER:PASSWORD@HOST"),
    "WRONGPASS": (StoreError, "Redis at {at} refuses the user name or password of the store's URL"),
    "DENIED": (
        StoreError,
        "Redis at {at} is in protected mode: give it a password (requirepass) or bind an address",
    ),
    "NOPERM": (
        StoreError,
        "Redis at {at} forbids this user: {said}; ACL SETUSER NAME ~fh:* &fh:* +@all allows it",
    ),
    "READONLY": (
        StoreReadOnly,
        "Redis at {at} is a replica: name the primary, or use redis+sentinel:// to follow it",
    ),
    "NOREPLICAS": (
        StoreReadOnly,
        "Redis at {at} takes no writes with so few replicas (min-replicas-to-write): start them",
    ),
    "MISCONF": (
        StoreReadOnly,
        "Redis at {at} cannot write to its disk and so takes no writes: free space there ({said})",
    ),
    "OOM": (
        StoreReadOnly,
        "Redis at {at} has no memory left for writes: raise its maxmemory",
    ),
    "LOADING": (StoreUnavailable, "Redis at {at} is still loading its data: wait"),
    "BUSY": (StoreUnavailable, "Redis at {at} is busy with somebody's script: SCRIPT KILL ends it"),
    "MASTERDOWN": (StoreUnavailable, "Redis at {at} is a replica that has lost its primary"),
    "CLUSTERDOWN": (StoreUnavailable, "the Cluster of {at} does not serve all slots: {said}"),
    "TRYAGAIN": (StoreUnavailable, "the Cluster of {at} is moving these keys: try again"),
}


class TryElsewhere(Exception):
    """The primary is another one: ask again.

    `asking` is where a Cluster that moves a slot wants just this command. `failure` is what to
    raise when trying again does not help.
    """

    def __init__(self, failure: StoreError, asking: Address | None = None) -> None:
        self.failure = failure
        self.asking = asking
        super().__init__(str(failure))


def refusal(error: hiredis.ReplyError, at: Address) -> StoreError | TryElsewhere:
    """The error to raise for an error reply of the server at `at`."""
    said = str(error)
    code = said.split(" ", 1)[0]
    kind, meaning = _MEANINGS.get(code, (StoreError, "Redis at {at} answered: {said}"))
    failure = kind(meaning.format(at=at, said=said))
    if code == "ASK":
        return TryElsewhere(failure, asking=_named_in(said))
    if code in ("MOVED", "READONLY"):
        return TryElsewhere(failure)
    return failure


def unreachable(at: str, error: BaseException) -> StoreUnavailable:
    """The error to raise when there is no reply at all."""
    if isinstance(error, TimeoutError) and not error.args:
        return StoreUnavailable(f"Redis at {at} does not answer in time: is it running, and near?")
    why = (isinstance(error, OSError) and error.strerror) or str(error)
    return StoreUnavailable(f"Redis at {at} cannot be reached ({why}): is it running there?")


def _named_in(redirection: str) -> Address:
    """The address at the end of `ASK 3999 127.0.0.1:6381`."""
    host, _, port = redirection.rsplit(" ", 1)[-1].rpartition(":")
    return Address(host, int(port))
