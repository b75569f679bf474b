"""The pages that show: what is on them, for whom, and under which headers."""

from __future__ import annotations

import gzip
import re

import pytest
from tests.unit.server.console.conftest import Elements, House

from flaghoist.model.digest import digest
from flaghoist_server.change.commands import Ramp, SetState
from flaghoist_server.console.assets import assets
from flaghoist_server.console.pages import POLICY
from flaghoist_server.store.port import StoreUnavailable

PAGES = [
    "/sign-in",
    "/env/production",
    "/env/production?q=nothing-like-it",
    "/env/staging",
    "/env/production/flag/new-checkout",
    "/env/production/flag/team/banner?window=1h",
    "/env/production/history",
    "/env/production/sdks",
    "/env/production/kill/new-checkout",
    "/env/production/undo/theme",
    "/env/nowhere",
    "/env/production/flag/no-such-flag",
]


@pytest.mark.parametrize("path", PAGES)
async def test_the_policy_allows_only_our_own_files(house: House, path: str) -> None:
    """No page needs an exception from it: no inline script, style or handler anywhere."""
    browser = await house.signed_in()

    answer = await browser.get(path)

    if path != "/sign-in":
        assert POLICY == answer.headers["content-security-policy"]
        assert "no-store" == answer.headers["cache-control"]
        assert "nosniff" == answer.headers["x-content-type-options"]
    assert "unsafe" not in POLICY
    for tag, attributes in Elements(answer.text).found:
        assert "style" not in (tag, *attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "script" or "src" in attributes


async def test_home_is_production_first(house: House) -> None:
    """The environment where it matters."""
    browser = await house.signed_in()

    assert "/env/production" == (await browser.get("/")).headers["location"]


async def test_the_list_says_state_applied_and_who(house: House) -> None:
    """In words, also without scripts and colours."""
    house.connect(3)
    await house.services.writer.submit(Ramp("new-checkout", 25), "production", "anna", "wider")
    browser = await house.signed_in()

    text = Elements((await browser.get("/env/production")).text).text
    row = text[text.index("new-checkout One-page") : text.index("team/banner")]

    assert "◔ ON for 25 %" in row
    assert "0 of 3 SDKs" in row
    assert "anna · “wider”" in row
    assert "[PROD] Flags in production" in text


async def test_a_killed_flag_says_since_when_and_by_whom(house: House) -> None:
    """Even when something else was changed about it later."""
    writer = house.services.writer
    await writer.submit(SetState("new-checkout", "kill"), "production", "on-call", "p95 rising")
    await writer.submit(Ramp("new-checkout", 1), "production", "anna")
    browser = await house.signed_in()

    said = Elements((await browser.get("/env/production/flag/new-checkout")).text).text

    assert "■ KILLED just now by on-call" in said
    assert "“p95 rising”" in said
    assert "share counts once it is on" in said


async def test_what_people_write_is_text(house: House) -> None:
    """Descriptions, reasons and searches are never markup."""
    evil = '"><script>alert(1)</script>'
    await house.services.writer.submit(Ramp("team/banner", 5), "production", evil, evil)
    browser = await house.signed_in()

    for path in ("/env/production", "/env/production/flag/team/banner"):
        text = (await browser.get(path)).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;img src=x onerror=alert(1)&gt;" in text
    search = await browser.client.get("/env/production", params={"q": evil})
    assert "<script>alert" not in search.text


async def test_a_viewer_sees_why_the_controls_are_off(house: House) -> None:
    """Disabled controls name the role and who may."""
    browser = await house.signed_in("viewer")

    text = (await browser.get("/env/production/flag/new-checkout")).text

    assert "Your role is <b>viewer</b>: it may look." in text
    buttons = re.findall(r"<button[^>]*>", text[text.index('id="now"') : text.index('id="plot"')])
    switches = [button for button in buttons if "data-copy" not in button]
    assert switches
    assert all("disabled" in button and "refused" in button for button in switches)


async def test_a_token_of_one_environment_sees_only_that(house: House) -> None:
    """Others are not there, neither in the switcher nor by address."""
    browser = await house.signed_in("staging-only")

    text = (await browser.get("/env/staging")).text

    assert "/env/production" not in text
    for path in ("/env/production", "/env/production/flag/theme", "/env/production/kill/theme"):
        assert 404 == (await browser.get(path)).status_code
    assert (
        404 == (await browser.get("/env/production/live", accept="text/event-stream")).status_code
    )


async def test_the_history_is_of_everything(house: House) -> None:
    """What, by whom, why; with a link to each flag, and segments by name."""
    await house.services.writer.submit(Ramp("new-checkout", 25), "production", "anna", "wider")
    await house.services.writer.submit(SetState("theme", "kill"), "production", "on-call")
    browser = await house.signed_in()

    page = Elements((await browser.get("/env/production/history")).text)

    told = page.text[page.text.index("v 4 · kill") : page.text.index("environment made") + 16]
    assert told.startswith("v 4 · kill · just now · on-call theme state: on → off")
    assert "v 3 · ramp · just now · anna · “wider” new-checkout default: on 5 % → 25 %" in told
    assert "v 2 · apply · just now · test new-checkout flag added team/banner flag added" in told
    assert told.endswith("v 1 · create · just now · test environment made")
    assert ("a", "/env/production/flag/theme") in [
        (tag, attributes.get("href")) for tag, attributes in page.found
    ]


async def test_the_history_is_turned_like_a_book(house: House) -> None:
    """Fifty changes a page; older ones one link away, and back."""
    for share in range(60):
        await house.services.writer.submit(Ramp("new-checkout", share + 6), "production", "anna")
    browser = await house.signed_in()

    newest = Elements((await browser.get("/env/production/history")).text)
    older = Elements((await browser.get("/env/production/history?before=13")).text).text

    links = [attributes.get("href") for tag, attributes in newest.found if tag == "a"]
    assert "/env/production/history?before=13" in links
    assert "v 62 ·" in newest.text
    assert "v 12 ·" not in newest.text
    assert "v 13 ·" not in older
    assert "v 12 ·" in older


async def test_the_sdks_are_counted_by_build(house: House) -> None:
    """And whoever is behind the environment's version is counted and named."""
    house.connect(3)
    await house.services.writer.submit(Ramp("new-checkout", 25), "production", "anna")
    browser = await house.signed_in()

    said = Elements((await browser.get("/env/production/sdks")).text).text

    assert "3 connected, 3 behind v 3" in said
    assert "shop 1 3 0" in said
    assert "web-2 shop 1 2" in said


async def test_a_misspelt_flag_names_the_nearest(house: House) -> None:
    """And leads back to the list."""
    browser = await house.signed_in()

    answer = await browser.get("/env/production/flag/new-chekout")

    assert 404 == answer.status_code
    assert '<a href="/env/production/flag/new-checkout">new-checkout</a>' in answer.text


async def test_the_question_says_what_a_kill_does(house: House) -> None:
    """Who gets what from then on, and how many hear of it."""
    house.connect(3)
    browser = await house.signed_in()

    text = (await browser.get("/env/production/kill/new-checkout")).text

    assert "Kill new-checkout in production?" in text
    assert "It is ON for 5 % now. Everyone gets off from then on; 3 connected SDKs" in text


async def test_undo_says_where_it_leads(house: House) -> None:
    """The state that it would bring back."""
    await house.services.writer.submit(Ramp("new-checkout", 25), "production", "anna")
    browser = await house.signed_in()

    text = (await browser.get("/env/production/undo/new-checkout")).text

    assert "production: back to ON for 5 %, as before v 3." in text


async def test_pages_go_on_while_the_store_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From memory, with a word on it; only the history is missing."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("nobody answers at redis://db")

    monkeypatch.setattr(house.services.store, "history", away)
    house.services.feed.state, house.services.feed.reason = "stale", "nobody answers at redis://db"
    browser = await house.signed_in()

    text = (await browser.get("/env/production/flag/new-checkout")).text

    assert "The store cannot be reached (nobody answers at redis://db)." in text
    assert "ON for 5 %" in text
    assert "The history cannot be read now" in text


async def test_a_flag_of_a_newer_version_can_be_seen_and_killed(house: House) -> None:
    """What this version cannot read is said, not hidden."""
    environment = house.services.feed.environments["production"]
    stored = environment.state.flags["new-checkout"]
    newer = b'{"state":"on","shimmer":true}'
    type(stored).__setattr__  # noqa: B018  # frozen: a new one is put in its place
    environment.state.flags["new-checkout"] = type(stored)(stored.version, newer)
    browser = await house.signed_in()

    text = (await browser.get("/env/production/flag/new-checkout")).text

    assert "not readable" in text
    assert "this version cannot read it; it can be killed" in text
    assert "/env/production/kill/new-checkout" in text
    assert digest(newer) in text


async def test_a_new_server_says_how_to_begin(house: House) -> None:
    """No environment: the command that makes one."""
    house.services.feed._environments.clear()
    browser = await house.signed_in()

    assert "flaghoist env create production" in (await browser.get("/")).text


async def test_no_sdk_yet_shows_how_to_connect_one(house: House) -> None:
    """And goes when one has come."""
    browser = await house.signed_in()
    assert "Waiting for the first SDK in production" in (await browser.get("/env/production")).text

    house.connect(1)

    assert "Waiting for the first" not in (await browser.get("/env/production")).text


async def test_pages_are_compressed_for_whoever_can_read_that(house: House) -> None:
    """A phone on a bad network gets a tenth."""
    browser = await house.signed_in()

    plain = await browser.get("/env/production/flag/theme", **{"accept-encoding": "identity"})
    small = await browser.get("/env/production/flag/theme", **{"accept-encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert "gzip" == small.headers["content-encoding"]
    assert int(small.headers["content-length"]) < len(plain.content) / 3


async def test_the_first_visit_costs_less_than_100_kb(house: House) -> None:
    """All files and a page, as they travel."""
    browser = await house.signed_in()
    page = await browser.get("/env/production", **{"accept-encoding": "identity"})

    files = sum(len(file.gzipped) for file in assets().files.values())

    assert files + len(gzip.compress(page.content)) < 100_000


async def test_files_never_change_under_their_address(house: House) -> None:
    """Kept by browsers for ever; under an older hash they are served and not kept."""
    browser = house.browser()
    url = assets().url("app.js")

    now = await browser.get(url)
    older = await browser.get("/assets/0123456789ab/app.js")

    assert "immutable" in now.headers["cache-control"]
    assert "text/javascript" in now.headers["content-type"]
    assert "no-store" == older.headers["cache-control"]
    assert now.content == older.content
    assert 404 == (await browser.get("/assets/0123456789ab/none.js")).status_code


@pytest.mark.parametrize("name", ["..%2fpages.py", "%2e%2e", "app.js%00", ""])
async def test_only_the_pages_files_are_served(house: House, name: str) -> None:
    """There is no path out of the folder: names are looked up, not opened."""
    assert 404 == (await house.browser().get(f"/assets/x/{name}")).status_code
