"""One server and one Chromium for all tests of the page; a place and people for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from tests.e2e.console.house import House, Place
from tests.e2e.console.person import Person
from tests.integration.server.site import Site

People = Callable[..., Awaitable[Person]]

_ARGUMENTS = ("--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them in one event loop, which the browser's connection lives in."""
    for item in items:
        if "tests/e2e/console/" in item.nodeid:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """This system's Chromium."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "the page is tested with Chromium: tools/system-packages installs it"
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=[*_ARGUMENTS, *sandbox]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server for all tests."""
    site = Site(tmp_path_factory.mktemp("house"))
    await site.start()
    yield House(site)
    await site.close()


@pytest_asyncio.fixture(loop_scope="session")
async def place(house: House) -> AsyncIterator[Place]:
    """An environment with four flags and three SDK clients."""
    place = await house.make_place()
    yield place
    await place.close()


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser, place: Place) -> AsyncIterator[People]:
    """`await people(role, **options)` signs somebody in. No browser may complain of anything."""
    came: list[Person] = []

    async def come(role: str = "operator", *, to: Place | None = None, **options: Any) -> Person:
        person = await Person.at(browser, to or place, **options)
        came.append(person)
        if role:
            await person.sign_in(role)
        return person

    yield come
    for person in came:
        await person.context.close()
    assert [] == [complaint for person in came for complaint in person.complaints]


@pytest_asyncio.fixture(loop_scope="session")
async def person(people: People) -> Person:
    """An operator before the list of flags."""
    return await people()
