"""The page by keyboard alone."""

from __future__ import annotations

from playwright.async_api import expect
from tests.e2e.console.house import LATE
from tests.e2e.console.person import Person


async def test_find_a_flag_and_kill_it_without_a_mouse(person: Person) -> None:
    """`/`, a few letters, Enter, K, Enter: the way at three in the morning. Z brings it back."""
    await person.place.change("ramp", percent=50)
    await person.place.serves(True, LATE)
    keys = person.page.keyboard

    await keys.press("/")
    await keys.type("checkout")
    await keys.press("Enter")
    await expect(person.state).to_contain_text("ON for 50 %")
    await keys.press("Shift+K")
    await expect(person.sheet).to_be_visible()
    await keys.press("Enter")

    await expect(person.state).to_contain_text("KILLED")
    await person.place.serves(False, LATE)

    await keys.press("Shift+Z")
    await expect(person.sheet).to_contain_text("back to ON for 50 %")
    await keys.press("Enter")

    await expect(person.state).to_contain_text("ON for 50 %")
    await person.place.serves(True, LATE)


async def test_up_and_down_the_list(person: Person) -> None:
    """j and k move, Enter opens, Escape goes back to the list."""
    keys, page = person.page.keyboard, person.page
    for key, focused in (
        ("j", "dark-theme"),
        ("j", "new-checkout"),
        ("j", "recommendations"),
        ("k", "new-checkout"),
    ):
        await keys.press(key)
        await expect(page.get_by_role("link", name=focused, exact=True)).to_be_focused()

    await keys.press("Enter")
    await expect(person.state).to_be_visible()
    await keys.press("Escape")

    await expect(page.get_by_role("heading", name="Flags", exact=True)).to_be_visible()


async def test_a_kill_from_the_list(person: Person) -> None:
    """K asks about the flag that is focused, and Escape leaves everything as it was."""
    keys = person.page.keyboard
    await keys.press("Shift+K")
    await expect(person.sheet).to_be_hidden()

    await keys.press("j")
    await keys.press("Shift+K")
    await expect(person.sheet).to_contain_text("Kill dark-theme")
    await keys.press("Escape")

    await expect(person.sheet).to_be_hidden()
    await person.place.serves(True, key="dark-theme")


async def test_letters_are_letters_where_one_types(person: Person) -> None:
    """No key acts while a field or a sheet has the focus."""
    keys, page = person.page.keyboard, person.page
    await keys.press("/")

    await keys.type("K?jkZ")

    await expect(page.get_by_label("Find a flag")).to_have_value("K?jkZ")
    await expect(page.get_by_text("No flag matches “K?jkZ”.")).to_be_visible()
    await expect(page.locator("dialog[open]")).to_have_count(0)


async def test_the_keys_are_listed_and_can_be_switched_off(person: Person) -> None:
    """WCAG 2.1.4; the browser remembers it."""
    keys, page = person.page.keyboard, person.page
    listed = page.get_by_role("dialog", name="Keys")
    await keys.press("?")
    await expect(listed).to_contain_text("kill it: asks once")

    await listed.get_by_label("Single-letter keys").uncheck()
    await keys.press("Escape")
    await page.reload()
    await keys.press("?")
    await keys.press("j")

    await expect(listed).to_be_hidden()
    await expect(page.locator("[data-row] a:focus")).to_have_count(0)


async def test_g_and_a_letter_lead_to_the_views(person: Person) -> None:
    """From anywhere, also from a flag; what happened meanwhile comes by itself."""
    keys, page = person.page.keyboard, person.page
    await person.open()

    for letter, heading in (("s", "SDKs"), ("f", "Flags"), ("h", "History")):
        await keys.press("g")
        await keys.press(letter)
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    await person.place.change("ramp", percent=25, reason="wider")

    await expect(page.locator("#changes li").first).to_contain_text("“wider”")
