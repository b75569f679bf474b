"""Gathers what a page shows from the parts of the running server: state, fleet, history, pulse.

Rules: reads only; answers come from memory, so that pages are served while the store is away. Only
history asks the store, and says so where it does not answer.
"""

from __future__ import annotations

import difflib
from datetime import UTC, datetime

from flaghoist.model.flag import Flag
from flaghoist_server.api.services import Services
from flaghoist_server.change.change import Change
from flaghoist_server.change.state import State
from flaghoist_server.console.catalogue import Catalogue
from flaghoist_server.console.drawing import drawn, marks, palette, rates_text
from flaghoist_server.console.pulse import FINE
from flaghoist_server.console.query import Candidate, search
from flaghoist_server.console.views import Listing, Place, Row, Visitor, ask_url, flag_url, list_url
from flaghoist_server.console.watch import Standing, Watch
from flaghoist_server.console.words.quantities import moment, plural
from flaghoist_server.store.port import StoreError

__all__ = ["PER_PAGE", "SPARK_SLOTS", "Desk", "stale"]

PER_PAGE = 100
SPARK_SLOTS = 60


class Desk:
    """What the handlers ask."""

    def __init__(self, services: Services, watch: Watch) -> None:
        self.services = services
        self.watch = watch
        self._catalogue = Catalogue()

    def state(self, environment: str) -> State:
        """The environment as it is now. Raises `KeyError` for one that is not there."""
        return self.services.feed.environments[environment].state

    def places(self, visitor: Visitor) -> tuple[Place, ...]:
        """The environments that this visitor may see, production first."""
        names = self.services.feed.environments
        seen = [self.place(name) for name in names if visitor.environment in ("", name)]
        return tuple(sorted(seen, key=lambda place: (not place.production, place.name)))

    def place(self, environment: str) -> Place:
        state = self.state(environment)
        connected = self.watch.standing(environment).connected
        return Place(environment, len(state.flags), connected, state.head.version)

    def trouble(self) -> str:
        """What to tell above every page when the store is away; "" when all is well."""
        feed = self.services.feed
        if feed.state == "live":
            return ""
        return (
            f"The store cannot be reached ({feed.reason or feed.state}). Flags are served as they "
            "were last known; changes are refused until it is back."
        )

    def found(self, environment: str, query: str, me: str) -> list[Candidate]:
        """The flags that a query means, best first."""
        flags = self.state(environment).flags
        return search(self._catalogue.candidates(environment, flags), query, me)

    def listing(self, environment: str, query: str, page: int, me: str) -> Listing:
        """One page of the list."""
        found = self.found(environment, query, me)
        pages = max(1, -(-len(found) // PER_PAGE))
        page = min(max(page, 1), pages)
        standing = self.watch.standing(environment)
        shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        return Listing(
            rows=[self._row(environment, candidate, standing) for candidate in shown],
            total=len(found),
            all=len(self.state(environment).flags),
            page=page,
            pages=pages,
            previous_url=list_url(environment, query, page - 1),
            next_url=list_url(environment, query, page + 1),
        )

    async def history(
        self, environment: str, key: str | None, limit: int, before: int | None = None
    ) -> tuple[list[Change], str]:
        """A flag's newest changes (None: everyone's), and why none when the store is away."""
        try:
            return await self.services.store.history(environment, key, limit, before), ""
        except StoreError as error:
            return [], f"The history cannot be read now: {error}"

    def near(self, environment: str, key: str) -> tuple[tuple[str, str], ...]:
        """Flags with a name like `key`, and their addresses."""
        names = difflib.get_close_matches(key, list(self.state(environment).flags), n=3)
        return tuple((name, flag_url(environment, name)) for name in names)

    def _row(self, environment: str, candidate: Candidate, standing: Standing) -> Row:
        key, flag = candidate.key, candidate.flag
        stored = self.state(environment).flags[key]
        pulse, now = self.watch.pulse(environment), self.watch.clock()
        series = drawn(flag, pulse.series(key, now, FINE, SPARK_SLOTS))
        return Row(
            key=key,
            url=flag_url(environment, key),
            kill_url=ask_url(environment, "kill", key),
            undo_url=ask_url(environment, "undo", key),
            description=flag.description if flag else "",
            owner=flag.owner if flag else "",
            tags=flag.tags if flag else [],
            stale=stale(flag, now),
            effective=candidate.effective,
            killed_at=stored.killed_at,
            at=stored.at,
            actor=stored.actor,
            reason=stored.reason,
            applied=standing.applied(stored.version),
            connected=standing.connected,
            palette=palette(flag),
            series=series,
            marks=marks([stored], now - SPARK_SLOTS * FINE.seconds),
            rates_text=rates_text(series),
        )


def stale(flag: Flag | None, now: float) -> str:
    """What to say of a flag past its date; "" before it."""
    expires = moment(flag.expires) if flag and flag.expires else None
    if expires is None:
        return ""
    days = (datetime.fromtimestamp(now, UTC) - expires).days
    return f"expired {plural(days, 'day')} ago: remove?" if days > 0 else ""
