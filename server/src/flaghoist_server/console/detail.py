"""The page of one flag, put together from its document, its history, its fleet and its pulse."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flaghoist.model.digest import digest
from flaghoist.model.flag import Flag
from flaghoist_server.change.change import Change
from flaghoist_server.console.catalogue import effect_of
from flaghoist_server.console.chronicle import flag_past, undo_says
from flaghoist_server.console.crew import crew
from flaghoist_server.console.desk import Desk, stale
from flaghoist_server.console.drawing import drawn, legend, marks, palette, table
from flaghoist_server.console.pulse import COARSE, FINE
from flaghoist_server.console.views import FlagPage, Step, ask_url, flag_url
from flaghoist_server.console.words.conditions import preamble, sentences, serving
from flaghoist_server.console.words.quantities import percent
from flaghoist_server.console.words.receipts import receipt
from flaghoist_server.console.words.states import featured, shares, variants_of

__all__ = ["flag_page"]

_STEPS = (0, 1, 5, 10, 25, 50, 100)
_WINDOWS = {"5m": FINE, "1h": COARSE}


async def flag_page(desk: Desk, environment: str, key: str, window: str) -> FlagPage:
    """Everything about flag `key`. Raises `KeyError` where there is none."""
    stored = desk.state(environment).flags[key]
    readable, effect = effect_of(key, stored)
    flag = readable or Flag(state="off" if stored.killed_at else "on")
    past, changes = await flag_past(desk, environment, key)
    window = window if window in _WINDOWS else "5m"
    resolution, now = _WINDOWS[window], desk.watch.clock()
    until = resolution.slot(now) * resolution.seconds
    series = drawn(
        flag, desk.watch.pulse(environment).series(key, now, resolution, resolution.slots)
    )
    standing = desk.watch.standing(environment)
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
        undo_removes=bool(changes) and changes[0].flags[key].old is None,
        window=window,
        slots=resolution.slots,
        slot_seconds=resolution.seconds,
        until=until,
        palette=palette(flag),
        series=series,
        legend=legend(series),
        table=table(series, resolution, until),
        marks=marks(changes, until - resolution.slots * resolution.seconds),
        past=past,
        crew=await crew(desk, environment, stored.version),
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
