"""What a page shows: frozen structs that the templates read, and nothing that gathers or renders.

Addresses are made here, so that one place knows how they look: `/env/production` is the list and
`/env/production/flag/new-checkout` one flag. A key may contain slashes; it is always the last part.
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote, urlencode

import msgspec

from flaghoist_server.console.words.receipts import Receipt
from flaghoist_server.console.words.states import Effective

__all__ = [
    "Ask",
    "Crew",
    "Drawn",
    "Edited",
    "Entry",
    "FlagPage",
    "Frame",
    "Listing",
    "Mark",
    "Palette",
    "Past",
    "Place",
    "Problem",
    "Row",
    "Sdk",
    "SdkGroup",
    "Step",
    "Visitor",
    "ask_url",
    "flag_url",
    "list_url",
]

Drawn = list[tuple[str, str, list[float]]]
"""Series as they are drawn, from the ground up: variant, colour class, rates."""

Palette = list[tuple[str, str]]
"""Variants from the ground up, each with its colour class."""

_TONES = ("blue", "green", "violet")
_KNOWN_TONES = {"prod": "red", "live": "red", "stag": "amber", "test": "green", "dev": "blue"}


def list_url(environment: str, query: str = "", page: int = 1) -> str:
    """The address of a list of flags."""
    asked = {name: value for name, value in (("q", query), ("page", page)) if value not in ("", 1)}
    return f"/env/{quote(environment, safe='')}" + (f"?{urlencode(asked)}" if asked else "")


def flag_url(environment: str, key: str) -> str:
    """The address of one flag."""
    return f"/env/{quote(environment, safe='')}/flag/{quote(key)}"


def ask_url(environment: str, command: str, key: str) -> str:
    """The address of the question before `command`."""
    return f"/env/{quote(environment, safe='')}/{command}/{quote(key)}"


class Place(msgspec.Struct, frozen=True):
    """An environment as the switcher shows it."""

    name: str
    flags: int = 0
    connected: int = 0
    version: int = 0

    @property
    def production(self) -> bool:
        """Whether a mistake here is seen by customers: told by its name."""
        return self.tone == "red"

    @property
    def tone(self) -> str:
        """The colour of the stripe; the name always stands beside it."""
        for start, tone in _KNOWN_TONES.items():
            if self.name.lower().startswith(start):
                return tone
        return _TONES[hashlib.sha256(self.name.encode()).digest()[0] % len(_TONES)]

    @property
    def url(self) -> str:
        return list_url(self.name)

    @property
    def history_url(self) -> str:
        return f"{self.url}/history"

    @property
    def sdks_url(self) -> str:
        return f"{self.url}/sdks"

    @property
    def changes_url(self) -> str:
        return f"/env/{quote(self.name, safe='')}/changes"


class Visitor(msgspec.Struct, frozen=True):
    """Who looks: the token's name and role, and what that allows. `environment` "": all of them."""

    name: str
    role: str
    environment: str
    may_flip: bool


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What is around every page.

    `mark` is a fingerprint of what the server wrote into the page: when the live stream tells
    another one, the script asks for the page again. `live` is that stream's address.
    """

    theme: str
    here: str
    at: str
    csrf: str
    origin: str = ""
    home: str = "/"
    place: Place | None = None
    places: tuple[Place, ...] = ()
    visitor: Visitor | None = None
    query: str = ""
    message: str = ""
    failed: bool = False
    trouble: str = ""
    mark: str = ""
    live: str = ""


class Mark(msgspec.Struct, frozen=True):
    """A change as a line in a picture: seconds since 1970, its kind, and words for the pointer."""

    at: float
    kind: str
    says: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One flag in the list."""

    key: str
    url: str
    kill_url: str
    undo_url: str
    description: str
    owner: str
    tags: list[str]
    stale: str
    effective: Effective
    killed_at: str
    at: str
    actor: str
    reason: str
    applied: int
    connected: int
    palette: Palette
    series: Drawn
    marks: list[Mark]
    rates_text: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the flags that a query means: `total` of them, of `all` in the environment."""

    rows: list[Row]
    total: int
    all: int
    page: int
    pages: int
    previous_url: str
    next_url: str


class Step(msgspec.Struct, frozen=True):
    """One button of the ramp."""

    value: str
    current: bool
    says: str


class Edited(msgspec.Struct, frozen=True):
    """What a change did to one flag; `url` "" where the flag is no more."""

    key: str
    url: str
    lines: list[str]
    diff: list[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change; `more` flags and `segments` are counted and named, not shown."""

    version: int
    kind: str
    at: str
    actor: str
    reason: str
    note: str
    edited: list[Edited]
    more: int
    segments: list[str]


class Past(msgspec.Struct, frozen=True):
    """Changes, newest first; `older_url` "" where there are no older ones."""

    entries: list[Entry]
    older_url: str
    trouble: str


class Sdk(msgspec.Struct, frozen=True):
    """One connected SDK."""

    app: str
    build: str
    instance: str
    version: int
    late: bool
    lag: str
    rejected: str


class SdkGroup(msgspec.Struct, frozen=True):
    """The connected SDKs of one build of one application; `applied` of them have the change."""

    app: str
    build: str
    sdk: str
    number: int
    applied: int


class Crew(msgspec.Struct, frozen=True):
    """The connected SDKs and who has `version`: by build, and those furthest behind one by one."""

    version: int
    number: int
    late: int
    groups: list[SdkGroup]
    instances: list[Sdk]
    more: int


class FlagPage(msgspec.Struct, frozen=True, kw_only=True):
    """One flag, whole."""

    key: str
    version: int
    url: str
    kill_url: str
    undo_url: str
    description: str
    stale: str
    effective: Effective
    killed_at: str
    killed_by: str
    on: bool
    preamble: str
    digest: str
    document: str
    off_serves: str
    type: str
    variants: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    sentences: list[tuple[str, str, str]]
    steps: list[Step]
    featured: str
    other_variants: list[str]
    receipt: Receipt
    undo_says: str
    undo_removes: bool
    window: str
    slots: int
    slot_seconds: int
    until: int
    palette: Palette
    series: Drawn
    legend: list[tuple[str, str, float]]
    table: list[tuple[str, list[float]]]
    marks: list[Mark]
    past: Past
    crew: Crew


class Ask(msgspec.Struct, frozen=True):
    """The one question before a change; `seen` is the digest of what was looked at."""

    command: str
    key: str
    title: str
    says: str
    button: str
    back: str
    seen: str


class Problem(msgspec.Struct, frozen=True):
    """Why there is no page, and where to go instead."""

    title: str
    says: str
    action: str
    url: str
    near: tuple[tuple[str, str], ...] = ()
