"""The token book: who a bearer token belongs to, and what it may do.

Rules: a secret is seen once, when it is made. What is kept is its SHA-256: a secret of 256 random
bits needs no slow hash. A token is found by the id in its text and then compared in constant time,
so neither the time nor the answer tells whether an id exists.

    fh_<role>_<id>_<secret>     id: 12 of a-z0-9; secret: 43 of base64url
    any text of 16 or more      the admin token that the operator has chosen (id `bootstrap`)

The book is in memory and follows the store once a second, so that checking costs no I/O and goes
on while the store is away; a token revoked on another replica is gone here within two seconds. A
token that is unknown here may have been made there a moment ago, and an SDK may land on any
replica: before such a token is refused, the store is looked at again.

A record never goes from a store, it is only marked as revoked. So a store that has less than the
book has lost it (it was wiped, or an old backup was put back): what the book knows holds, a
revocation above all, and `flaghoist recover` writes it back. The mirror keeps the book for a
restart while the store is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from flaghoist_server.change.roles import allows
from flaghoist_server.feed.mirror import Mirror
from flaghoist_server.hub.admission import Pass, Refused
from flaghoist_server.store.port import Store, StoreError, StoreUnavailable, TokenRecord

__all__ = ["BOOTSTRAP", "Identity", "TokenBook", "bearer", "moment"]

_log = logging.getLogger("flaghoist.tokens")

BOOTSTRAP = "bootstrap"
"""The id of the admin token that is set by FLAGHOIST_ADMIN_TOKEN."""

_POLL_SECONDS = 1.0
_LOOK_SECONDS = 0.2
"""Between two looks for unknown tokens: strangers cost the store no more than that."""

_ID_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 12
_NO_TOKEN = "0" * 64


class Identity(msgspec.Struct, frozen=True):
    """Who is asking. `environment` "" means all of them."""

    id: str
    role: str
    environment: str = ""
    name: str = ""

    @property
    def actor(self) -> str:
        """How history names it."""
        return f"{self.name} ({self.id})" if self.name else self.id


class TokenBook:
    """`clock` is wall-clock time in seconds since 1970, as in `expires_at`."""

    def __init__(
        self, store: Store, clock: Callable[[], float], mirror: Mirror | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._mirror = mirror
        self._records: dict[str, TokenRecord] = {}
        self._owed: TokenRecord | None = None
        """The operator's admin token, if it holds here and the store was away."""
        self._listeners: list[Callable[[], None]] = []
        self._look = asyncio.Lock()
        self._looked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read all tokens and follow the store, or begin with the mirror's if it is away.

        Raises:
            StoreError: the store cannot be used.
        """
        mirrored = await self._mirror.load_tokens() if self._mirror is not None else []
        known = {record.id: record for record in mirrored}
        if self._mirror is not None and self._mirror.holds:
            self._records = known
        try:
            await self.refresh()
        except StoreUnavailable:
            self._records = known
        self._task = asyncio.create_task(self._follow(), name="tokens")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back whenever tokens have changed."""
        self._listeners.append(callback)

    # Looking.

    def identify(self, text: str) -> Identity | None:
        """Whose token this is, if it is good now."""
        record = self._find(text)
        if record is None or not self.holds(record.id):
            return None
        return Identity(record.id, record.role, record.environment, record.name)

    async def recognise(self, text: str) -> Identity | None:
        """As `identify`, with another look at the store if the token is unknown here."""
        await self.catch_up(text)
        return self.identify(text)

    async def catch_up(self, text: str) -> None:
        """Read the store again if this is the text of a token, and unknown here."""
        parts = text.split("_", 3)
        if parts[0] != "fh" or len(parts) != 4 or parts[2] in self._records:
            return
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self._look:
            if self._looked_at >= asked_at:  # for somebody else, while this one waited
                return
            await asyncio.sleep(self._looked_at + _LOOK_SECONDS - asked_at)
            self._looked_at = loop.time()
            with contextlib.suppress(StoreError):
                await self.refresh()

    def holds(self, token: str) -> bool:
        """Whether the token with this id is still good."""
        record = self._records.get(token)
        if record is None or record.revoked_at:
            return False
        return not record.expires_at or moment(record.expires_at) > self._clock()

    async def stranger(self, authorization: str) -> None:
        """The hub's, before it refuses somebody."""
        await self.catch_up(bearer(authorization))

    def stream_pass(self, authorization: str) -> Pass:
        """The hub's question. Raises: Refused."""
        text = bearer(authorization)
        identity = self.identify(text) if text else None
        if identity is None:
            raise Refused(401, "a stream needs a valid token: Authorization: Bearer TOKEN")
        if not allows(identity.role, "stream") or not identity.environment:
            raise Refused(403, f"a token of role {identity.role!r} opens no stream; use role 'sdk'")
        return Pass(identity.id, identity.environment)

    def records(self) -> list[TokenRecord]:
        """Every token that was not revoked, oldest first."""
        kept = [record for record in self._records.values() if not record.revoked_at]
        return sorted(kept, key=lambda record: (record.created_at, record.id))

    def known(self) -> list[TokenRecord]:
        """Every token, the revoked ones too."""
        return list(self._records.values())

    def record(self, token: str) -> TokenRecord | None:
        return self._records.get(token)

    # Changing.

    async def issue(
        self, role: str, environment: str = "", name: str = "", expires_in: float | None = None
    ) -> tuple[str, TokenRecord]:
        """Make a token: its text, to be shown once, and its record. Raises: StoreError."""
        token = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
        secret = secrets.token_urlsafe(32)
        now = self._clock()
        record = TokenRecord(
            token,
            role,
            _hash(secret),
            environment=environment,
            name=name,
            created_at=_text(now),
            expires_at=_text(now + expires_in) if expires_in is not None else "",
        )
        await self._put(record)
        return f"fh_{role}_{token}_{secret}", record

    async def set_admin(self, text: str) -> None:
        """Make `text` the operator's admin token, for an earlier one.

        While the store is away it holds here, and is written when the store is back.

        Raises:
            StoreError: the store cannot be written.
        """
        present = self._records.get(BOOTSTRAP)
        if present is not None and present.secret_hash == _hash(text) and not present.revoked_at:
            return
        record = TokenRecord(
            BOOTSTRAP, "admin", _hash(text), name="admin", created_at=_text(self._clock())
        )
        try:
            await self._put(record)
        except StoreUnavailable:
            self._owed = record
            self._keep({**self._records, BOOTSTRAP: record})

    async def revoke(self, token: str) -> bool:
        """Make a token worthless for ever. False: there is none. Raises: StoreError."""
        record = self._records.get(token)
        if record is None:
            return False
        if not record.revoked_at:
            revoked = msgspec.structs.replace(record, revoked_at=_text(self._clock()))
            await self._put(revoked)
        return True

    async def refresh(self) -> None:
        """Read all tokens again. Raises: StoreError."""
        if self._owed is not None:
            await self._store.put_token(self._owed)
            self._owed = None
        records = dict(self._records)
        for record in await self._store.tokens():
            known = records.get(record.id, record)
            if not (known.revoked_at and known.secret_hash == record.secret_hash):
                records[record.id] = record
        if records != self._records:
            self._keep(records)

    async def _put(self, record: TokenRecord) -> None:
        await self._store.put_token(record)
        self._keep({**self._records, record.id: record})

    def _keep(self, records: dict[str, TokenRecord]) -> None:
        self._records = records
        if self._mirror is not None:
            self._mirror.save_tokens(list(records.values()))
        for listener in self._listeners:
            listener()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                await self.refresh()
            except StoreError as error:
                told = {"action": "tokens.stale", "because": type(error).__name__}
                _log.debug("tokens could not be read again; the known ones hold", extra=told)

    def _find(self, text: str) -> TokenRecord | None:
        """The record whose secret this is. Always one comparison, whether or not the id exists."""
        parts = text.split("_", 3)
        named = parts[0] == "fh" and len(parts) == 4
        record = self._records.get(parts[2]) if named else None
        expected = record.secret_hash if record is not None else _NO_TOKEN
        if hmac.compare_digest(_hash(parts[3] if named else text), expected):
            return record
        admin = self._records.get(BOOTSTRAP)
        expected = admin.secret_hash if admin is not None else _NO_TOKEN
        return admin if hmac.compare_digest(_hash(text), expected) else None


def bearer(authorization: str) -> str:
    """The token in an Authorization header; "" if there is none."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def moment(text: str) -> float:
    """RFC 3339 to seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _text(at: float) -> str:
    stamp = datetime.fromtimestamp(0, UTC) + timedelta(seconds=at)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
