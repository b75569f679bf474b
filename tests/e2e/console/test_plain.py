"""The page without JavaScript: an old phone, a bad network, a cautious browser."""

from __future__ import annotations

from playwright.async_api import expect
from tests.e2e.console.conftest import People
from tests.e2e.console.house import LATE, Place


async def test_everything_that_changes_a_flag_works_without_scripts(
    people: People, place: Place
) -> None:
    """Find, ramp, kill with its question, undo, colours, sign out: plain forms and links."""
    person = await people(java_script_enabled=False)
    page = person.page
    await expect(person.row("new-checkout")).to_contain_text("ON for 10 %")
    await expect(person.row("new-checkout")).to_contain_text("3 of 3 SDKs")

    await page.get_by_label("Find a flag").fill("checkout")
    await page.get_by_label("Find a flag").press("Enter")
    await expect(page.get_by_text("1 flag of 4 matches “checkout”")).to_be_visible()
    await person.open()

    await page.get_by_role("button", name="50", exact=True).click()
    await expect(person.state).to_contain_text("ON for 50 %")
    await place.serves(True, LATE)

    await page.locator("#kill").click()
    await expect(page.get_by_role("heading", name="Kill new-checkout")).to_be_visible()
    await page.get_by_label("Why").fill("no script, no problem")
    await page.get_by_role("button", name="Kill new-checkout").click()
    await expect(person.state).to_contain_text("KILLED")
    await expect(page.locator("#past")).to_contain_text("no script, no problem")
    await place.serves(False, LATE)

    await page.get_by_role("button", name="Undo").click()
    await expect(person.state).to_contain_text("ON for 50 %")
    await place.serves(True, LATE)

    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.locator("#who summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_nothing_is_shown_that_needs_a_script(people: People) -> None:
    """No dead button, no empty picture; the time at which the page was made instead of *live*."""
    person = await people(java_script_enabled=False)

    for locator in (person.page.locator("#live"), person.page.locator("svg[data-chart]").first):
        await expect(locator).to_be_hidden()

    await expect(person.page.get_by_text("as of ")).to_be_visible()
