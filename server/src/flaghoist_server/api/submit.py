"""A request that changes something: its headers and its asker, the writer, and the receipt.

A change that asks to wait is acknowledged when it is durable *and* its receipt is there or the
time is up. The receipt is of the SDKs that were connected when this server learned of the change,
which for its own changes is the moment of the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from litestar import Request

from flaghoist_server.api.auth import identity_of
from flaghoist_server.api.flag_answer import flag_answer
from flaghoist_server.api.problem import Refusal
from flaghoist_server.api.services import Services
from flaghoist_server.api.tokens import Identity
from flaghoist_server.change.commands import Command
from flaghoist_server.feed.preconditions import PreconditionFailed
from flaghoist_server.feed.writer import KeyReused, Outcome
from flaghoist_server.fleet.fleet import ReceiptAnswer, Wait

__all__ = ["Submission"]

_MAX_REASON = 1000
_MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Submission:
    """One request to change something, from its arrival on."""

    services: Services
    identity: Identity
    reason: str
    if_match: str | None
    idempotency: tuple[str, str] | None
    wait: Wait | None

    @classmethod
    async def of(
        cls,
        services: Services,
        request: Request[Any, Any, Any],
        reason: str,
        wait_seconds: float | None,
    ) -> Self:
        """Raises: Refusal."""
        if len(reason) > _MAX_REASON:
            raise Refusal(422, f"a reason has at most {_MAX_REASON} characters")
        wait = None
        if wait_seconds is not None:
            bounded = min(wait_seconds, services.settings.api.max_wait_seconds)
            wait = Wait(services.fleet.clock(), bounded, services.readiness.draining)
        identity = identity_of(request)
        return cls(
            services,
            identity,
            reason,
            request.headers.get("if-match"),
            await _idempotency(request, identity),
            wait,
        )

    async def submit(
        self,
        command: Command,
        environment: str | None,
        positions: Mapping[str, tuple[str, int]] | None = None,
    ) -> Outcome:
        """Do it, durably. Raises: Refusal, CommandError, StoreError."""
        try:
            return await self.services.writer.submit(
                command,
                environment,
                self.identity.actor,
                self.reason,
                if_match=self.if_match,
                positions=positions,
                idempotency=self.idempotency,
            )
        except KeyReused as error:
            detail = "this Idempotency-Key was used for another request: take a new one"
            raise Refusal(422, detail, kind="key-reused") from error
        except PreconditionFailed as error:
            raise self._moved_on(error, getattr(command, "key", "")) from error

    async def receipt(self, environment: str, version: int, *, changed: bool) -> ReceiptAnswer:
        """The receipt of a change, complete or as it is when the time is up."""
        assert self.wait is not None
        await self.services.feed.caught_up(environment, version)
        return await self.services.fleet.wait(environment, version, self.wait, changed=changed)

    def _moved_on(self, error: PreconditionFailed, key: str) -> Refusal:
        """412, with what there is now, so that the asker can decide again."""
        head = error.head
        fields: dict[str, Any] = {"digest": error.digest or None}
        if head is not None:
            fields |= {"environment": head.environment, "version": head.version}
            stored = self.services.feed.environments[head.environment].state.flags.get(key)
            fields["current"] = flag_answer(head.environment, key, stored) if stored else None
        return Refusal(412, str(error), kind="moved-on", fields=fields)


async def _idempotency(
    request: Request[Any, Any, Any], identity: Identity
) -> tuple[str, str] | None:
    """The request's key, which belongs to its token, and a hash of what is asked."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= _MAX_KEY or not key.isprintable():
        raise Refusal(400, f"an Idempotency-Key has 1 to {_MAX_KEY} printable characters")
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    asked.update(await request.body())
    return f"{identity.id}:{key}", asked.hexdigest()
