"""Is this Redis fit to keep flags? Asked at start, and of every new primary.

What would lose changes or refuse them refuses the start, with one line that says what to do; what
weakens a promise is a warning, and is remembered: `Fitness.durable` is whether an entry that the
primary has acknowledged is on its disk.
"""

from __future__ import annotations

import asyncio
import statistics
from typing import Final

import hiredis
import msgspec

from flaghoist_server.store.port import StoreError
from flaghoist_server.store.redis.line import Line
from flaghoist_server.store.redis.refusals import TryElsewhere, refusal, unreachable
from flaghoist_server.store.redis.target import Address, Options, Target
from flaghoist_server.store.redis.wire import Reply, Wire, opened

__all__ = ["Fitness", "examine"]

OLDEST: Final = (6, 2)
WAITAOF_SINCE: Final = (7, 2)
PATIENCE_S: Final = 2.0
SLOWEST_S: Final = 0.25
"""An attempt to write has half a second; a server that needs half of that for a PONG fails soon."""


class Fitness(msgspec.Struct, frozen=True):
    """What was found: whether acknowledged means *on disk*, and what weakens a promise."""

    durable: bool
    warnings: tuple[str, ...] = ()


async def examine(line: Line) -> Fitness:
    """Look at every primary.

    Raises:
        StoreError: one of them cannot be used; the text says why and what to do.
    """
    found = [await _examine_one(address, line.target) for address in await line.primaries()]
    warnings = tuple(warning for one in found for warning in one.warnings)
    return Fitness(all(one.durable for one in found), warnings)


async def _examine_one(at: Address, target: Target) -> Fitness:
    try:
        async with asyncio.timeout(PATIENCE_S), opened(at, target.login) as wire:
            took_s = [await _ping(wire) for _ in range(3)]
            info, fsync = await wire.exchange(["INFO"], ["CONFIG", "GET", "appendfsync"])
    except hiredis.ReplyError as error:
        raise _plain(refusal(error, at)) from error
    except (OSError, TimeoutError, hiredis.ProtocolError) as error:
        raise unreachable(str(at), error) from error
    if isinstance(info, hiredis.ReplyError):
        raise _plain(refusal(info, at))
    told = _facts(info)
    _refuse_unfit(at, told, target)
    if statistics.median(took_s) > SLOWEST_S:
        raise StoreError(
            f"Redis at {at} takes {statistics.median(took_s) * 1000:.0f} ms to answer PING; "
            f"a change must be written within a second: use one that is nearer or less busy"
        )
    return _fitness(at, told, fsync, target.options)


async def _ping(wire: Wire) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    (reply,) = await wire.exchange(["PING"])
    if isinstance(reply, hiredis.ReplyError):
        raise reply
    return loop.time() - begun


def _plain(error: StoreError | TryElsewhere) -> StoreError:
    return error.failure if isinstance(error, TryElsewhere) else error


def _facts(info: bytes) -> dict[str, str]:
    lines = info.decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _version(told: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(part) for part in told["redis_version"].split(".") if part.isdecimal())


def _refuse_unfit(at: Address, told: dict[str, str], target: Target) -> None:
    if _version(told) < OLDEST:
        raise StoreError(
            f"Redis at {at} is version {told['redis_version']}; 6.2 or newer is needed"
        )
    if told["role"] != "master":
        raise StoreError(
            f"Redis at {at} is a replica of {told['master_host']}:{told['master_port']}: name the "
            f"primary, or use redis+sentinel:// to follow it"
        )
    if told.get("cluster_enabled") == "1" and target.shape != "cluster":
        raise StoreError(f"Redis at {at} belongs to a Cluster: write redis+cluster://{at}")
    if target.options.wait_aof and _version(told) < WAITAOF_SINCE:
        raise StoreError(
            f"wait_aof needs Redis 7.2 and {at} is version {told['redis_version']}: use "
            f"wait_replicas alone"
        )
    if target.options.allow_volatile:
        return
    if told.get("aof_enabled") != "1":
        raise StoreError(
            f"Redis at {at} keeps no append-only file, so a restart loses changes: set `appendonly "
            f"yes` and `appendfsync always`, or accept the loss with ?allow_volatile=1"
        )
    if told.get("maxmemory", "0") != "0" and told.get("maxmemory_policy", "") != "noeviction":
        raise StoreError(
            f"Redis at {at} evicts keys when its memory is full ({told.get('maxmemory_policy')}), "
            f"and with them flags: set `maxmemory-policy noeviction`"
        )


def _fitness(at: Address, told: dict[str, str], fsync: Reply, options: Options) -> Fitness:
    warnings = []
    always = isinstance(fsync, list) and fsync[1:] == [b"always"]
    if isinstance(fsync, hiredis.ReplyError):
        always = True  # a managed Redis keeps its CONFIG to itself: its operator has decided
        warnings.append(
            f"Redis at {at} does not tell its settings: make sure that it has `appendfsync always`"
        )
    elif not always and not options.allow_volatile:
        warnings.append(
            f"Redis at {at} writes to its disk later than it answers: up to a second of changes is "
            f"lost when its machine fails, and changes are answered as not durable; set "
            f"`appendfsync always`"
        )
    if options.allow_volatile and told.get("aof_enabled") != "1":
        warnings.append(f"Redis at {at} forgets everything when it restarts (allow_volatile)")
    if (have := int(told.get("connected_slaves", 0))) < options.wait_replicas:
        warnings.append(
            f"Redis at {at} has {have} replicas and changes wait for {options.wait_replicas}: they "
            f"are answered as not durable until the others are back"
        )
    return Fitness(always or options.allow_volatile or options.wait_aof, tuple(warnings))
