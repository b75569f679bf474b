"""Everybody can use it: axe-core on every page in both colours, and a phone's screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from tests.e2e.console.conftest import People
from tests.e2e.console.person import Person

PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True}

# The smallest side of everything that is pressed, in CSS pixels, for what is visible and is no
# link inside a sentence. WCAG 2.2 asks for 24, a thumb for 44.
SMALL_TARGETS = """
() => [...document.querySelectorAll("button, a.button, a.key, summary, input:not([type=hidden]), select")]
  .filter((element) => element.checkVisibility() && !element.closest("dialog:not([open])"))
  .map((element) => [element, element.closest("a.key") ? element.closest("li") : (element.closest("label") ?? element)])
  .map(([element, area]) => [element.textContent.trim() || element.id, area.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < 44)
  .map(([name, { width, height }]) => `${name}: ${Math.round(width)} x ${Math.round(height)}`)
"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def _list(person: Person) -> None:
    await person.page.goto(f"/env/{person.place.name}")


async def _no_match(person: Person) -> None:
    await person.page.goto(f"/env/{person.place.name}?q=nothing")


async def _flag(person: Person) -> None:
    await person.page.goto(f"/env/{person.place.name}/flag/shop/theme")
    for summary in await person.page.locator("main summary").all():
        await summary.click()


async def _killed(person: Person) -> None:
    await person.place.change("kill", "dark-theme", reason="too dark")
    await person.page.goto(f"/env/{person.place.name}/flag/dark-theme")


async def _kill(person: Person) -> None:
    await person.page.goto(f"/env/{person.place.name}/flag/new-checkout")
    await person.page.locator("#kill").click()
    await expect(person.sheet).to_be_visible()


async def _keys(person: Person) -> None:
    await _list(person)
    await person.page.keyboard.press("?")


async def _menus(person: Person) -> None:
    await _list(person)
    await person.page.locator("#who summary").click()


async def _history(person: Person) -> None:
    await person.place.change("kill", "dark-theme", reason="too dark")
    await person.page.goto(f"/env/{person.place.name}/history")


async def _sdks(person: Person) -> None:
    await person.page.goto(f"/env/{person.place.name}/sdks")
    await person.page.locator("#instances summary").click()


async def _missing(person: Person) -> None:
    await person.page.goto(f"/env/{person.place.name}/flag/new-chekout")


async def _signed_out(person: Person) -> None:
    await person.context.clear_cookies()
    await person.page.goto("/")
    await person.page.get_by_label("Token").fill("mistyped")
    await person.page.get_by_role("button", name="Sign in").click()
    await expect(person.message).to_be_visible()


async def _violations(page: Page, rules: list[str] | None = None) -> list[tuple[str, str, str]]:
    results = await Axe().run(page, options={"runOnly": rules} if rules else None)
    return [
        (violation["id"], node["html"], node["failureSummary"])
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


PAGES: tuple[Callable[[Person], Awaitable[None]], ...] = (
    _list,
    _no_match,
    _flag,
    _killed,
    _kill,
    _keys,
    _menus,
    _history,
    _sdks,
    _missing,
    _signed_out,
)


async def test_axe_finds_nothing(people: People) -> None:
    """WCAG 2.2 A and AA and axe's best practices, on every page."""
    person = await people(color_scheme="light", reduced_motion="reduce")
    found = {}
    for go in PAGES:
        await go(person)
        found[go.__name__] = await _violations(person.page)

    assert {page: [] for page in found} == found


async def test_the_dark_can_be_read(people: People) -> None:
    """Every colour there is, on the pages that have them all between them."""
    person = await people(color_scheme="dark", reduced_motion="reduce")
    found = {}
    for go in (_list, _flag, _killed, _kill, _history, _sdks, _signed_out):
        await go(person)
        found[go.__name__] = await _violations(person.page, ["color-contrast"])

    assert {page: [] for page in found} == found


async def test_a_phone(people: People) -> None:
    """At 360 pixels nothing is cut off, and everything can be hit with a thumb."""
    person = await people(**PHONE)
    found = {}
    for go in PAGES:
        await go(person)
        sideways = await person.page.evaluate(OVERFLOW)
        found[go.__name__] = sideways, await person.page.evaluate(SMALL_TARGETS)

    assert {page: (0, []) for page in found} == found


async def test_three_taps_to_a_kill(people: People) -> None:
    """From the list: the flag, Kill, and yes."""
    person = await people(**PHONE)

    await person.page.get_by_role("link", name="dark-theme", exact=True).tap()
    await person.page.locator("#kill").tap()
    await person.sheet.get_by_role("button", name="Kill dark-theme").tap()

    await expect(person.state).to_contain_text("KILLED")
    await person.place.serves(False, key="dark-theme")


async def test_colours_are_chosen_where_one_is(people: People) -> None:
    """The button answers with the same page in other colours, and the server remembers them."""
    person = await people(color_scheme="light")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = await person.page.evaluate(ground)

    await person.page.get_by_role("button", name="Dark").click()
    await expect(person.page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(person.page.get_by_role("button", name="Dark")).to_have_attribute(
        "aria-pressed", "true"
    )

    assert light != await person.page.evaluate(ground)
