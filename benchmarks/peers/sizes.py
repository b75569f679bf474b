"""What ten thousand flags cost ours: `python -m benchmarks.peers.sizes` prints one line of JSON.

    frame_bytes     of one change among 10,000 flags
    first_ms        from the first frame with 10,000 flags to the moment that lookups see them
    change_ms       the same for one change among them
    change_ten_ms   for one change among 10 flags
    memory_mb       resident memory that 1,000 flags add, to a process that has the SDK loaded
    many            a lookup among 10,000 flags against the same lookup among 10, by case

It goes by the way of the link: the session judges a frame, the snapshot is built, its hash is
compared, it is swapped in. Only the socket is left out. One thousand of the flags have what flags
of a grown application have: three rules, a percentage, some targets; all others are a percentage.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.__main__ import loop_of
from benchmarks.peers.flaghoist import FLAGS
from benchmarks.peers.scenario import USER

from flaghoist import Context
from flaghoist.link.conversation import build
from flaghoist.lookup import Lookup
from flaghoist.model.digest import canonical, item_hash, state_hash
from flaghoist.model.flagfile import environment_of, parse_flag_document
from flaghoist.protocol.client_session import ClientSession, Position
from flaghoist.protocol.messages import Hello
from flaghoist.protocol.reactions import Build, Swap

MANY = 10_000
FEW = 10
CHANGES = 200
ROUNDS = 100
LOOKUPS = 2_000
"""In one round: short, so that some rounds run undisturbed."""


class World:
    """An environment of so many flags, as a server would send it."""

    def __init__(self, count: int) -> None:
        grown = FLAGS["rules"]["environments"]["production"]
        behaviours: dict[str, Any] = {"on": {"default": "on"}, "ten": None, "rules": grown}
        for number in range(count - len(behaviours)):
            behaviours[f"flag-{number}"] = self._grown(number) if number % 10 == 0 else None
        plain = {"default": {"on": 10, "off": 90}}
        flags = {
            key: {"type": "boolean", "environments": {"production": behaviour or plain}}
            for key, behaviour in behaviours.items()
        }
        file = parse_flag_document({"flaghoist": 1, "flags": flags})
        documents = environment_of(file, "production")[0]
        self.documents = {key: canonical(flag) for key, flag in documents.items()}
        self.versions = dict.fromkeys(self.documents, 1)
        self.version = 1

    def _grown(self, number: int) -> dict[str, Any]:
        grown = dict(FLAGS["rules"]["environments"]["production"])
        grown["targets"] = {"on": [f"user-{number}-{one}" for one in range(10)]}
        return grown

    @property
    def hash(self) -> str:
        """The state hash."""
        return state_hash(item_hash("flag", key, raw) for key, raw in self.documents.items())

    def entries(self, *keys: str) -> dict[str, Any]:
        """What a message holds of these flags."""
        return {key: [self.versions[key], json.loads(self.documents[key])] for key in keys}

    def full(self) -> bytes:
        """The first frame."""
        head = {"type": "full", "environment": "production", "epoch": "1", "version": self.version}
        return packed(head | {"hash": self.hash, "flags": self.entries(*self.documents)})

    def delta(self, key: str, percent: int) -> bytes:
        """The next frame: this flag's share has changed."""
        document = {**json.loads(self.documents[key]), "default": {"on": percent}}
        document["default"]["off"] = 100 - percent
        self.documents[key] = packed(document)
        self.version += 1
        self.versions[key] = self.version
        head = {"type": "delta", "epoch": "1", "from": self.version - 1, "version": self.version}
        return packed(head | {"hash": self.hash, "flags": self.entries(key)})


def packed(document: Any) -> bytes:
    """JSON as a server writes it: what it sends of a flag is the flag's document, to the byte."""
    return json.dumps(document, separators=(",", ":")).encode()


class Follower:
    """A lookup that is kept up to date by frames."""

    def __init__(self) -> None:
        self.lookup = Lookup()
        self.session = ClientSession(Hello(instance="sizes"), 0.0)
        self.session.hello()

    def follow(self, frame: bytes) -> float:
        """Take one frame; the milliseconds until lookups see what it says."""
        began = time.perf_counter()
        effects = self.session.receive(frame, self._position(), 0.0)
        asked = [effect for effect in effects if isinstance(effect, Build)]
        assert asked, effects
        snapshot = build(asked[0].message, self.lookup.snapshot)
        told = self.session.built(snapshot.hash, self._position(), 0.0)
        assert any(isinstance(effect, Swap) for effect in told), told
        self.lookup._swap(snapshot)
        return (time.perf_counter() - began) * 1000

    def _position(self) -> Position:
        snapshot = self.lookup.snapshot
        if not snapshot.loaded:
            return Position()
        return Position(snapshot.environment, snapshot.epoch, snapshot.version, snapshot.hash)


def changes_ms(world: World, follower: Follower) -> tuple[float, int]:
    """One change after the other: the median time and the largest frame."""
    frames = [world.delta("flag-0", 1 + number % 90) for number in range(CHANGES)]
    times = [follower.follow(frame) for frame in frames]
    return statistics.median(times), max(map(len, frames))


def resident() -> int:
    """Resident bytes of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def memory_mb(frame: Path) -> float:
    """What the flags of a frame add, its reading included."""
    warm = Follower()
    warm.follow(World(FEW).full())
    before = resident()
    follower = Follower()
    follower.follow(frame.read_bytes())
    return (resident() - before) / 1e6


def memory_elsewhere_mb() -> float:
    """What 1,000 flags add to a process that has made nothing else before."""
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder, "frame.json")
        frame.write_bytes(World(1_000).full())
        command = [sys.executable, "-m", "benchmarks.peers.sizes", str(frame)]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)


def many_against_few(many: Lookup, few: Lookup) -> dict[str, float]:
    """How much longer the same lookups take among many flags; the least of interleaved rounds."""
    user = Context(USER.key, **USER.attributes)
    ratios = {}
    for case, asked in (("on", "'user-42'"), ("ten", "'user-42'"), ("rules", "user")):
        call = f"lookup.is_enabled({case!r}, {asked})"
        loops = [loop_of(call, {"lookup": lookup, "user": user}) for lookup in (many, few)]
        rounds = [[loop(LOOKUPS) for loop in loops] for _ in range(ROUNDS)]
        ratios[case] = min(one for one, _ in rounds) / min(other for _, other in rounds)
    return ratios


def main() -> None:
    """Measure all of it."""
    memory = memory_elsewhere_mb()
    world, little = World(MANY), World(FEW)
    full = world.full()
    first = []
    for _ in range(5):
        follower = Follower()
        first.append(follower.follow(full))
    few = Follower()
    few.follow(little.full())
    many = many_against_few(follower.lookup, few.lookup)
    change, frame_bytes = changes_ms(world, follower)
    result = {
        "frame_bytes": frame_bytes,
        "first_ms": min(first),
        "change_ms": change,
        "change_ten_ms": changes_ms(little, few)[0],
        "memory_mb": memory,
        "many": many,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(memory_mb(Path(sys.argv[1])))
    else:
        main()
