"""The way out when the store has lost what this server knows: look, then write it back or let go.

A server knows what it was following, so each is asked for itself: another one may know more.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from flaghoist_server.api.auth import identity_of, needs
from flaghoist_server.api.services import Services
from flaghoist_server.change.commands import Author
from flaghoist_server.feed.clock import new_epoch
from flaghoist_server.feed.recover import accept_loss, recover
from flaghoist_server.feed.standing import Loss

__all__ = ["HANDLERS"]


class Recovery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`accept_data_loss`: go to what the store has, and forget what this server knows."""

    accept_data_loss: bool = False
    reason: str = ""


@get("/recover", opt=needs("admin", everywhere=True), tags=["recovery"])
async def show_recovery(services: NamedDependency[Services]) -> dict[str, Any]:
    """What this server knows and the store has not: environments held, entries lost."""
    feed = services.feed
    return {
        "store": feed.state,
        "because": feed.reason,
        "held": [
            {
                "environment": name,
                "because": why,
                "version": feed.environments[name].head.version,
                "flags": len(feed.environments[name].state.flags),
            }
            for name, why in sorted(feed.holds.items())
        ],
        "lost": [_shown(loss) for _, loss in sorted(feed.losses.items())],
    }


@post("/recover", opt=needs("admin", everywhere=True), status_code=200, tags=["recovery"])
async def do_recover(
    services: NamedDependency[Services], request: Request[Any, Any, Any], data: JSONBody[Recovery]
) -> dict[str, Any]:
    """Write back into the store what this server knows; with `accept_data_loss`, let go of it.

    Held environments begin a new epoch with all that is known. Flags of lost entries get the
    documents that they had, unless somebody has changed them since (`skipped`).
    """
    if data.accept_data_loss:
        services.feed.losses.clear()
        return {"recovered": [], "accepted": await accept_loss(services.feed)}
    author = Author(identity_of(request).actor, services.now(), data.reason)
    known = services.tokens.known()
    recovered = await recover(services.store, services.feed, author, new_epoch, known)
    return {"recovered": [msgspec.to_builtins(one) for one in recovered], "accepted": []}


def _shown(loss: Loss) -> dict[str, Any]:
    return {
        "environment": loss.had.environment,
        "at": loss.at,
        "had": loss.had.version,
        "since": loss.since,
        "changes": [
            {
                "version": change.version,
                "kind": change.kind,
                "at": change.at,
                "actor": change.actor,
                "reason": change.reason,
                "flags": sorted(change.flags),
            }
            for change in loss.changes
        ],
    }


HANDLERS = [show_recovery, do_recover]
