"""What moves by itself, and how honestly the page says whether it does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect
from tests.e2e.console.conftest import People
from tests.e2e.console.house import House, Place
from tests.e2e.console.person import Person
from tests.integration.server.site import Site


@pytest_asyncio.fixture(loop_scope="session")
async def lonely(tmp_path: Path) -> AsyncIterator[Place]:
    """A place on a server of its own, which may be killed."""
    site = Site(tmp_path)
    await site.start()
    place = await House(site).make_place(clients=1)
    yield place
    await place.close()
    await site.close()


async def test_evaluations_a_second_by_variant(person: Person) -> None:
    """Each variant's rate in words and as an area, on the list and on the flag."""
    rates = re.compile(r"on [\d.,]+ · .*off [\d.,]+")
    row = person.row("new-checkout")
    await expect(row.locator("[data-rates]")).to_have_text(rates)
    await expect(row.locator("svg path.area.v1")).to_have_count(1)

    await person.open()

    legend = person.page.locator("#plot .legend")
    await expect(legend).to_contain_text(re.compile(r"on [\d.,]+/s"))
    await expect(legend).to_contain_text(re.compile(r"off [\d.,]+/s"))
    await expect(person.page.locator("#plot path.area")).to_have_count(2)


async def test_the_first_evaluations_come_onto_pages_that_are_open(
    house: House, people: People
) -> None:
    """In the flag's own order and colours, and into its legend, without a reload."""
    place = await house.make_place(clients=0)
    person, other = await people(to=place), await people(to=place)
    row, legend = person.row("new-checkout"), other.page.locator("#plot .legend")
    await expect(row).to_contain_text("not evaluated")
    await other.open()
    await expect(legend).to_contain_text("Not evaluated")

    await place.connect(1)

    # between them the caller's default, which the client served until its flags came
    await expect(row.locator("[data-rates]")).to_have_text(
        re.compile(r"on [\d.,]+ · .*off [\d.,]+")
    )
    await expect(legend).to_have_text(re.compile(r"^on [\d.,]+/s.*off [\d.,]+/s$"))
    await place.close()


async def test_sdks_that_come_and_go_are_counted(person: Person, place: Place) -> None:
    """The number rises and falls without a reload."""
    await place.connect(1)
    await expect(person.row("new-checkout")).to_contain_text("4 of 4 SDKs")
    await expect(person.page.locator("#live")).to_contain_text("4 SDKs")

    place.clients.pop().close()

    await expect(person.row("new-checkout")).to_contain_text("3 of 3 SDKs")


async def test_the_first_sdk_turns_the_instructions_into_a_list(
    house: House, people: People
) -> None:
    """A new environment says what to do next, at each step, and notices when it is done."""
    place = await house.make_place(clients=0, flags=False)
    page = (await people(to=place)).page
    await expect(page.get_by_text("flaghoist apply flags.yaml")).to_be_visible()

    await place.apply_flags()
    await expect(page.get_by_text("Waiting for the first SDK")).to_be_visible()
    await expect(page.get_by_text("--role sdk --environment")).to_be_visible()
    await place.connect(1)

    await expect(page.get_by_text("Waiting for the first SDK")).to_be_hidden()
    await expect(page.locator("#live")).to_contain_text("1 SDK")
    await place.close()


STATES_SEEN = """
() => {
  const live = document.getElementById("live");
  const seen = (window.seen = [live.dataset.state]);
  new MutationObserver(() => seen.push(live.dataset.state))
    .observe(live, { attributeFilter: ["data-state"] });
}
"""


async def test_a_server_that_is_gone_is_told_and_its_return_too(
    lonely: Place, people: People
) -> None:
    """Reconnecting at once, stale with the time a little later, live again with what is new."""
    person = await people(to=lonely)
    live = person.page.locator("#live")
    await expect(live).to_have_attribute("data-state", "live")
    await person.page.evaluate(STATES_SEEN)

    lonely.site.kill()
    await expect(live).to_contain_text("reconnecting")
    await expect(live).to_contain_text(re.compile(r"stale since \d\d:\d\d:\d\d"))
    await asyncio.sleep(2.5)  # the browser and the page try again meanwhile; still nobody is there
    assert ["live", "waiting", "stale"] == await person.page.evaluate("() => window.seen")
    await lonely.site.start()
    await lonely.change("ramp", percent=33)

    # sessions are kept in memory: who was in signs in again, and is back where they were
    await expect(person.page.get_by_label("Token")).to_be_visible(timeout=30_000)
    person.complaints.clear()
    await person.page.get_by_label("Token").fill(await lonely.token("viewer"))
    await person.page.get_by_role("button", name="Sign in").click()
    await expect(person.row("new-checkout")).to_contain_text("ON for 33 %")


async def test_the_numbers_can_be_stopped(person: Person) -> None:
    """WCAG 2.2.2: pause, with the time; nothing moves until one goes on."""
    live = person.page.locator("#live")

    await live.click()
    await expect(live).to_contain_text(re.compile(r"paused at \d\d:\d\d:\d\d"))
    await person.place.change("ramp", percent=25)
    await person.place.serves(True)
    await expect(person.row("new-checkout")).to_contain_text("ON for 10 %")

    await live.click()

    await expect(live).to_contain_text("live")
    await expect(person.row("new-checkout")).to_contain_text("ON for 25 %")


async def test_whoever_loses_their_token_is_out(person: Person) -> None:
    """The stream ends, and the page leads to the form."""
    tokens = (await person.place.site.get("/api/v1/tokens"))["tokens"]
    mine = [one["id"] for one in tokens if one["environment"] == person.place.name]

    for each in mine:
        await person.place.site.admin.delete(f"/api/v1/tokens/{each}")

    await expect(person.page.get_by_label("Token")).to_be_visible()
