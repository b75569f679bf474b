"""The hash alone: what a percentage costs at the least, with the C extension `mmh3`."""

from __future__ import annotations

import mmh3
from benchmarks.peers.scenario import Sdk, User


def load() -> Sdk:
    """The hash of the bytes that a 10 % rollout hashes."""

    def ask(case: str, user: User) -> object:
        return mmh3.mmh3_32_uintdigest(f"{case}.{user.key}".encode()) * 100_000 >> 32 < 10_000

    return Sdk(
        calls={"ten": "digest(b'ten.user-42')"},
        names={"digest": mmh3.mmh3_32_uintdigest},
        ask=ask,
    )
