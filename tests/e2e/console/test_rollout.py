"""The rollout of the README, by mouse: what the page says, and what the applications do."""

from __future__ import annotations

from playwright.async_api import expect
from tests.e2e.console.conftest import People
from tests.e2e.console.house import LATE, Place
from tests.e2e.console.person import Person


async def test_the_list_says_what_every_flag_does(person: Person) -> None:
    """In words: the effective state, how many SDKs have it, what they evaluate, and who changed it."""
    row = person.row("new-checkout")

    await expect(row).to_contain_text("ON for 10 %")
    await expect(row).to_contain_text("3 of 3 SDKs")
    await expect(row).to_contain_text("expired")
    await expect(row.locator("[data-rates]")).to_contain_text("off ")
    await expect(person.row("dark-theme")).to_contain_text("ON")
    await expect(person.row("shop/theme")).to_contain_text("dark for 25 %")
    await expect(person.page).to_have_title("[PROD] Flags in " + f"{person.place.name} · Flaghoist")


async def test_a_ramp_reaches_the_applications_and_its_receipt_the_page(person: Person) -> None:
    """One click; the receipt counts those who have applied it."""
    await person.open()
    await person.place.serves(False, LATE)

    await person.page.get_by_role("button", name="50", exact=True).click()

    await expect(person.state).to_contain_text("ON for 50 %")
    await expect(person.message).to_contain_text("Set new-checkout to 50 %")
    await person.place.serves(True, LATE)
    await person.sees_applied()


async def test_a_share_of_ones_own(person: Person) -> None:
    """As people write it; a button of its own shows it afterwards."""
    await person.open()

    await person.page.get_by_label("another share of on, in percent").fill("12,5 %")
    await person.page.get_by_role("button", name="Set", exact=True).click()

    await expect(person.state).to_contain_text("ON for 12.5 %")
    pressed = person.page.locator(".steps button[aria-pressed=true]")
    await expect(pressed).to_have_text("12.5 %")


async def test_a_kill_asks_once_and_stops_it_everywhere(person: Person) -> None:
    """With a reason, which the history keeps; undo brings back what was before."""
    await person.place.change("ramp", percent=50)
    await person.place.serves(True, LATE)
    await person.open()

    await person.page.get_by_role("button", name="Kill").click()
    await expect(person.sheet).to_contain_text("Kill new-checkout in")
    await person.place.serves(True, LATE)
    await person.sheet.get_by_label("Why").fill("p95 rising")
    await person.sheet.get_by_role("button", name="Kill new-checkout").click()

    await expect(person.state).to_contain_text("KILLED just now by operator")
    await person.place.serves(False, LATE)
    await person.sees_applied()
    await expect(person.page.locator("#past li").first).to_contain_text("“p95 rising”")

    await person.page.get_by_role("button", name="Undo").click()

    await expect(person.state).to_contain_text("ON for 50 %")
    await person.place.serves(True, LATE)


async def test_a_kill_can_be_called_off(person: Person) -> None:
    """Cancel and Escape change nothing."""
    await person.open()
    for leave in ("Cancel", "Escape"):
        await person.page.get_by_role("button", name="Kill").click()
        await expect(person.sheet).to_be_visible()
        if leave == "Escape":
            await person.page.keyboard.press("Escape")
        else:
            await person.sheet.get_by_role("link", name="Cancel").click()
        await expect(person.sheet).to_be_hidden()

    await expect(person.state).to_contain_text("ON for 10 %")
    await person.place.serves(True)


async def test_off_and_on(person: Person) -> None:
    """The switch, apart from the share, which it keeps."""
    await person.open("dark-theme")

    await person.page.get_by_role("button", name="Turn off").click()
    await expect(person.state).to_contain_text("OFF")
    await person.place.serves(False, key="dark-theme")
    await person.page.get_by_role("button", name="Turn on").click()

    await expect(person.state).to_contain_text("ON")
    await person.place.serves(True, key="dark-theme")


async def test_two_people_see_each_other(person: Person, people: People) -> None:
    """What one does stands on the other's page without a reload, in the list and on the flag."""
    other = await people()
    await other.open()

    await person.place.change("ramp", percent=25, reason="wider")

    await expect(other.state).to_contain_text("ON for 25 %")
    await expect(person.row("new-checkout")).to_contain_text("ON for 25 %")
    await expect(person.row("new-checkout")).to_contain_text("“wider”")
    await other.sees_applied()


async def test_acting_on_an_old_picture_is_refused(person: Person, place: Place) -> None:
    """Whoever undoes means the change that they saw, not one that came meanwhile."""
    await person.place.change("ramp", percent=12)
    await person.open()
    seen = person.page.locator("form:has(#undo) input[name=seen]")
    await seen.evaluate("(input) => { input.value = 'sha256:' + '0'.repeat(64) }")

    await person.page.get_by_role("button", name="Undo").click()

    await expect(person.message).to_contain_text("has changed since this page was made")
    await place.serves(True)


async def test_undoing_the_first_change_asks_for_it_takes_the_flag_away(person: Person) -> None:
    """Every other undo is one click, and undone by another; the space bar presses it too."""
    await person.open("dark-theme")

    await person.page.get_by_role("button", name="Undo").focus()
    await person.page.keyboard.press("Space")
    await expect(person.sheet).to_contain_text("takes the flag away again")
    await person.place.serves(True, key="dark-theme")
    await person.sheet.get_by_role("button", name="Undo it").click()

    await expect(person.message).to_contain_text("Undid the last change of dark-theme")
    await expect(person.row("dark-theme")).to_have_count(0)
    await person.place.serves(None, key="dark-theme")


async def test_a_viewer_sees_why_they_may_not(people: People) -> None:
    """Controls are shown, locked, and say who could."""
    viewer = await people("viewer")
    await viewer.open()

    await expect(viewer.page.get_by_role("button", name="Kill")).to_be_disabled()
    await expect(viewer.page.get_by_role("button", name="50", exact=True)).to_be_disabled()
    await expect(viewer.page.get_by_text("Your role is viewer")).to_be_visible()
