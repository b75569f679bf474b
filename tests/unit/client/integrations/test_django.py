"""Django's middleware, on both of its sides; it serves the process-wide client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import AsyncRequestFactory, RequestFactory

from flaghoist import Context, flags
from flaghoist.testing import FlagOverrides

FLAG = "new-checkout"


def context_of(request: Any) -> Context:
    return Context("user-1", plan=request.GET.get("plan"))


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    """Django wants settings before anything of it is used."""
    if not settings.configured:
        settings.configure(
            FLAGHOIST_CONTEXT=f"{__name__}.context_of", ALLOWED_HOSTS=["*"], DEFAULT_CHARSET="utf-8"
        )
    settings.FLAGHOIST_CONTEXT = context_of
    yield
    flags.close()


def seen(request: Any) -> tuple[int, Any]:
    """What a view sees: the version that it is pinned to, and whose context it has."""
    return flags.snapshot.version, flags._ambient._context.get()


def test_the_sync_side_gives_the_view_a_context() -> None:
    """Within the request it is there, after it it is not."""
    from flaghoist.integrations.django import FlagsMiddleware

    _, context = FlagsMiddleware(seen)(RequestFactory().get("/?plan=pro"))

    assert "pro" == context.get("plan")
    assert flags._ambient._context.get() is None


async def test_the_async_side_gives_the_view_a_context() -> None:
    """An asynchronous view is awaited within it."""
    from flaghoist.integrations.django import FlagsMiddleware

    async def view(request: Any) -> tuple[int, Any]:
        return seen(request)

    _, context = await FlagsMiddleware(view)(AsyncRequestFactory().get("/?plan=free"))

    assert "free" == context.get("plan")
    assert flags._ambient._context.get() is None


def test_overrides_reach_views(flag_overrides: FlagOverrides) -> None:
    """A test of the application fixes a flag as everywhere."""
    from flaghoist.integrations.django import FlagsMiddleware

    flag_overrides[FLAG] = True

    assert FlagsMiddleware(lambda _: flags.is_enabled(FLAG))(RequestFactory().get("/")) is True
