"""The page of one flag, put together from its document, its history, its fleet and its pulse."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable

import msgspec

from flaghoist.errors import FlagError
from flaghoist.model.digest import digest
from flaghoist.model.flag import Flag
from flaghoist_server.change.change import Change
from flaghoist_server.change.draft import flag_of
from flaghoist_server.console.catalogue import effect_of
from flaghoist_server.console.desk import Desk, stale
from flaghoist_server.console.drawing import drawn, legend, marks, table
from flaghoist_server.console.pulse import COARSE, FINE
from flaghoist_server.console.views import Entry, FlagPage, Sdk, SdkGroup, Step, ask_url, flag_url
from flaghoist_server.console.words.conditions import preamble, sentences, serving
from flaghoist_server.console.words.differences import differences, documents_diff
from flaghoist_server.console.words.quantities import percent
from flaghoist_server.console.words.receipts import receipt
from flaghoist_server.console.words.states import effective, featured, shares, variants_of
from flaghoist_server.fleet.board import Instance

__all__ = ["flag_page", "undo_says"]

_HISTORY = 20
_INSTANCES = 100
_STEPS = (0, 1, 5, 10, 25, 50, 100)
_WINDOWS = {"5m": FINE, "1h": COARSE}


async def flag_page(desk: Desk, environment: str, key: str, window: str) -> FlagPage:
    """Everything about flag `key`. Raises `KeyError` where there is none."""
    stored = desk.state(environment).flags[key]
    readable, effect = effect_of(key, stored)
    flag = readable or Flag(state="off" if stored.killed_at else "on")
    changes, trouble = await desk.history(environment, key, _HISTORY + 1)
    window = window if window in _WINDOWS else "5m"
    resolution, now = _WINDOWS[window], desk.watch.clock()
    until = resolution.slot(now) * resolution.seconds
    series = drawn(
        flag, desk.watch.pulse(environment).series(key, now, resolution, resolution.slots)
    )
    standing = desk.watch.standing(environment)
    everyone = await _everyone(desk, environment)
    listed = _furthest_behind(everyone, stored.version)
    return FlagPage(
        key=key,
        version=stored.version,
        url=flag_url(environment, key),
        kill_url=ask_url(environment, "kill", key),
        undo_url=ask_url(environment, "undo", key),
        description=flag.description,
        stale=stale(flag, now),
        effective=effect,
        killed_at=stored.killed_at,
        killed_by=_killer(changes, stored.actor),
        on=flag.state == "on",
        preamble=preamble(flag) if readable else "this version cannot read it; it can be killed",
        digest=digest(stored.document),
        document=msgspec.json.format(stored.document, indent=2).decode(),
        off_serves=serving(None, flag.off_variant),
        type=flag.type,
        variants=[
            (name, msgspec.json.encode(value).decode()) for name, value in variants_of(flag).items()
        ],
        facts=_facts(flag),
        sentences=sentences(flag) if readable else [],
        steps=_steps(flag) if readable else [],
        featured=featured(flag),
        other_variants=list(variants_of(flag)) if len(variants_of(flag)) > 2 else [],
        receipt=receipt(
            stored.version,
            standing.connected,
            standing.applied(stored.version),
            desk.watch.slowest_s(environment, stored.version),
        ),
        undo_says=undo_says(key, changes[0] if changes else None),
        window=window,
        slots=resolution.slots,
        slot_seconds=resolution.seconds,
        until=until,
        series=series,
        legend=legend(series),
        table=table(series, resolution, until),
        marks=marks(changes, until - resolution.slots * resolution.seconds),
        history=[_entry(key, change) for change in changes[:_HISTORY]],
        history_more=len(changes) > _HISTORY,
        history_trouble=trouble,
        fleet=_groups(everyone, stored.version),
        late=sum(one.version < stored.version for one in everyone),
        instances=listed,
        instances_more=len(everyone) - len(listed),
    )


def undo_says(key: str, last: Change | None) -> str:
    """What undoing `last` comes to; "" where nothing can be undone."""
    if last is None or key not in last.flags:
        return ""
    before = last.flags[key].old
    if before is None:
        return f"takes the flag away again, as before v {last.version}"
    was = _readable(key, before)
    return f"back to {effective(was).text}, as before v {last.version}" if was else ""


async def _everyone(desk: Desk, environment: str) -> list[Instance]:
    parts = await desk.services.fleet.parts(environment, instances=True)
    return [instance for part in parts for instance in part.instances]


def _groups(everyone: list[Instance], version: int) -> list[SdkGroup]:
    """By application, build and SDK: a fleet of thousands in a few lines."""
    numbers: Counter[tuple[str, str, str]] = Counter()
    applied: Counter[tuple[str, str, str]] = Counter()
    for one in everyone:
        numbers[one.app, one.build, one.sdk] += 1
        applied[one.app, one.build, one.sdk] += one.version >= version
    return [SdkGroup(*group, numbers[group], applied[group]) for group in sorted(numbers)]


def _furthest_behind(everyone: list[Instance], version: int) -> list[Sdk]:
    worst = heapq.nsmallest(
        _INSTANCES, everyone, key=lambda one: (one.version, one.app, one.instance)
    )
    return [_sdk(instance, version) for instance in worst]


def _sdk(one: Instance, version: int) -> Sdk:
    late = one.version < version
    lag = f"{one.lag_seconds:.1f} s" if late else "–"
    return Sdk(
        one.app, one.build, one.instance, one.version, late, lag, ", ".join(sorted(one.rejected))
    )


def _killer(changes: Iterable[Change], actor: str) -> str:
    return next((change.actor for change in changes if change.kind == "kill"), actor)


def _steps(flag: Flag) -> list[Step]:
    """The ramp's buttons. A share that is none of them gets a button of its own, in its place."""
    share = shares(flag).get(featured(flag), 0.0)
    return [_step(float(value), share) for value in sorted({*_STEPS, share})]


def _step(value: float, share: float) -> Step:
    if value == share:
        says = "as it is now"
    elif value > share:
        says = f"{percent(value - share)} more get it; nobody loses it"
    else:
        says = f"{percent(share - value)} lose it, those who came last"
    return Step(percent(value).removesuffix(" %"), value == share, says)


def _facts(flag: Flag) -> list[tuple[str, str]]:
    facts = (
        ("owner", flag.owner),
        ("kind", flag.kind or ""),
        ("expires", flag.expires or ""),
        ("tags", ", ".join(flag.tags)),
        ("off variant", flag.off_variant or "the caller's default"),
        ("bucketed by", flag.bucket_by),
    )
    return [(name, value) for name, value in facts if value]


def _entry(key: str, change: Change) -> Entry:
    edit = change.flags[key]
    before, after = edit.old, edit.new
    lines = differences(_readable(key, before), _readable(key, after))
    return Entry(
        version=change.version,
        kind=change.kind,
        at=change.at,
        actor=change.actor,
        reason=change.reason,
        note=change.note,
        lines=lines,
        diff=documents_diff(before, after) if before and after else [],
    )


def _readable(key: str, document: bytes | None) -> Flag | None:
    try:
        return flag_of(key, document) if document is not None else None
    except FlagError:
        return None
