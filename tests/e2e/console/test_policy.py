"""What the browser is allowed, and what it is sent."""

from __future__ import annotations

from playwright.async_api import expect
from tests.e2e.console.conftest import People
from tests.e2e.console.house import Place
from tests.integration.server.waiting import eventually

LARGEST_PAGE = 100_000


async def test_a_full_walk_breaks_no_rule_and_weighs_little(people: People, place: Place) -> None:
    """Every kind of page and every control: no violation (`people` asserts it), below 100 kB."""
    person = await people(role="")
    wire = await person.context.new_cdp_session(person.page)
    received: list[float] = []
    wire.on("Network.loadingFinished", lambda done: received.append(done["encodedDataLength"]))
    await wire.send("Network.enable")
    await person.sign_in()
    await expect(person.page.locator("#live")).to_have_attribute("data-state", "live")
    first = sum(received)

    await person.page.locator("#places summary").click()
    await person.page.get_by_label("Find a flag").fill("theme state:part")
    await expect(person.page.get_by_text("1 flag of 4 matches")).to_be_visible()
    await person.open("shop/theme")
    await person.page.get_by_label("variant", exact=True).select_option("contrast")
    await person.page.get_by_role("button", name="100", exact=True).click()
    await place.serves("high-contrast", key="shop/theme")
    await person.page.get_by_role("link", name="1 hour").click()
    for summary in await person.page.locator("main summary").all():
        await summary.click()
    await person.page.get_by_role("button", name="Kill").click()
    await person.sheet.get_by_role("button", name="Kill shop/theme").click()
    await expect(person.state).to_contain_text("KILLED")
    await person.page.go_back()
    await person.page.goto(f"/env/{place.name}/kill/shop/theme")
    await person.page.goto("/env/nowhere")

    assert LARGEST_PAGE / 10 < first < LARGEST_PAGE


async def test_the_rules_are_enforced(people: People) -> None:
    """The listener that all tests rely on does hear of a violation."""
    person = await people()

    await person.page.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend", '<p style="color: red">');
          return fetch("http://localhost:1/").catch(() => {});
        }"""
    )

    async def both_heard() -> bool:
        said = " ".join(person.complaints)
        return "policy style-src" in said and "policy connect-src" in said

    await eventually(both_heard, "two violations", 10)
    person.complaints.clear()


async def test_words_of_others_are_words(people: People, place: Place) -> None:
    """Markup in a description is shown as it was written, and does nothing."""
    person = await people()

    written = '<b onclick="alert(1)">You may also like</b>'

    await expect(person.row("recommendations")).to_contain_text(written)


async def test_a_page_elsewhere_can_neither_change_nor_listen(people: People, place: Place) -> None:
    """Its forms and streams come without the session, and would be refused with it."""
    person = await people()
    await person.page.context.route(
        "http://elsewhere.test/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form id="f" method="post" action="{place.site.url}/env/{place.name}/changes">'
            '<input name="command" value="kill"><input name="key" value="dark-theme"></form>',
        ),
    )
    elsewhere = await person.context.new_page()
    await elsewhere.goto("http://elsewhere.test/")

    heard = await elsewhere.evaluate(
        "(url) => new Promise((tell) => { const s = new EventSource(url, {withCredentials: true});"
        " s.onopen = () => tell('open'); s.onerror = () => tell('refused'); })",
        f"{place.site.url}/env/{place.name}/live",
    )
    await elsewhere.evaluate("document.getElementById('f').submit()")
    await elsewhere.wait_for_load_state()

    assert "refused" == heard
    await expect(
        elsewhere.get_by_text("Sign in").or_(elsewhere.get_by_text("form"))
    ).not_to_have_count(0)
    await place.serves(True, key="dark-theme")
