"""The names of all keys, and what each holds.

All keys of one environment carry its name as hash tag, so that a Cluster keeps them in one slot
and one script may write them together.
"""

from __future__ import annotations

import msgspec

__all__ = ["Keys", "touched_member"]


class Keys(msgspec.Struct, frozen=True):
    """Keys under one prefix."""

    prefix: str = "fh"

    @property
    def tag(self) -> str:
        """The hash tag of what belongs to no environment."""
        return self.prefix

    @property
    def format(self) -> str:
        """String: the version of this layout."""
        return f"{self.prefix}:{{{self.tag}}}:format"

    @property
    def environments(self) -> str:
        """Set: names of environments; one without a head is being made, and is not there yet."""
        return f"{self.prefix}:{{{self.tag}}}:environments"

    @property
    def tokens(self) -> str:
        """Hash: token id -> record."""
        return f"{self.prefix}:{{{self.tag}}}:tokens"

    @property
    def hints(self) -> str:
        """Channel: names of environments that have moved, "" for tokens."""
        return f"{self.prefix}:hints"

    def head(self, environment: str) -> str:
        """Hash: epoch, version, hash and time of the last entry; when a snapshot is due."""
        return f"{self.prefix}:{{{environment}}}:head"

    def log(self, environment: str) -> str:
        """Stream: entry VERSION-0 has the one field `entry`."""
        return f"{self.prefix}:{{{environment}}}:log"

    def touched(self, environment: str) -> str:
        """Sorted set, all scores 0: `KEY NUL VERSION` for each flag that an entry touches."""
        return f"{self.prefix}:{{{environment}}}:touched"

    def snapshots(self, environment: str) -> str:
        """Hash: version -> the state at it."""
        return f"{self.prefix}:{{{environment}}}:snapshots"

    def answer(self, tag: str, key: str) -> str:
        """String that expires: the answer given under an idempotency key."""
        return f"{self.prefix}:{{{tag}}}:answer:{key}"

    def mark(self, environment: str) -> str:
        """String that expires: written to see whether the replicas follow."""
        return f"{self.prefix}:{{{environment}}}:mark"

    def replicas(self, environment: str) -> str:
        """Set: the servers that have shown a part of the fleet."""
        return f"{self.prefix}:{{{environment}}}:replicas"

    def part(self, environment: str, replica: str) -> str:
        """String that expires: a server's part of the fleet, in counts."""
        return f"{self.prefix}:{{{environment}}}:part:{replica}"

    def instances(self, environment: str, replica: str) -> str:
        """String that expires: the instances of that part, one by one."""
        return f"{self.prefix}:{{{environment}}}:instances:{replica}"


def touched_member(flag: str, version: int) -> str:
    """A member of the index: ordered by flag, then by version."""
    return f"{flag}\0{version:020d}"
