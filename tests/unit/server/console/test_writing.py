"""The forms that change flags: what they do, for whom, and what the person is told."""

from __future__ import annotations

import pytest
from tests.unit.server.console.conftest import House

from flaghoist.model.digest import digest
from flaghoist_server.change.commands import SetState
from flaghoist_server.store.port import StoreUnavailable


async def test_ramp_kill_on_and_undo(house: House) -> None:
    """Each form does its one thing, says so, and is in history under the person's name."""
    browser = await house.signed_in("operator")

    page = await browser.change("ramp", percent="25", reason="wider")
    assert "Set new-checkout to 25 % (v 3)." in page.text
    assert "ON for 25 %" == house.effective("new-checkout")

    page = await browser.change("kill", reason="p95 rising")
    assert "Killed new-checkout (v 4)." in page.text
    assert "KILLED" == house.effective("new-checkout")

    page = await browser.change("undo")
    assert "Undid the last change of new-checkout (v 5)." in page.text
    assert "ON for 25 %" == house.effective("new-checkout")

    page = await browser.change("off")
    assert "Turned new-checkout off (v 6)." in page.text
    page = await browser.change("on")
    assert "Turned new-checkout on (v 7)." in page.text

    history = await house.services.store.history("production", "new-checkout", 5)
    assert ["on", "off", "undo", "kill", "ramp"] == [change.kind for change in history]
    operator = f"operator ({house.tokens['operator'][0]})"
    assert [operator] * 5 == [change.actor for change in history]
    assert ["p95 rising", "wider"] == [change.reason for change in history[-2:]]


@pytest.mark.parametrize(
    ("typed", "expected"), [("12.5", 12.5), ("12,5", 12.5), (" 30 % ", 30), ("0", 0), ("100", 100)]
)
async def test_shares_as_people_type_them(house: House, typed: str, expected: float) -> None:
    """With a comma, with a percent sign."""
    browser = await house.signed_in()

    await browser.change("ramp", percent=typed)

    stored = house.services.feed.environments["production"].state.flags["new-checkout"]
    assert f'"on":{expected}'.encode() in stored.document


@pytest.mark.parametrize("typed", ["", "many", "-1", "100.1", "nan", "inf", "1e400", "1.2345"])
async def test_a_share_that_cannot_be_meant_changes_nothing(house: House, typed: str) -> None:
    """And the answer says what is expected."""
    browser = await house.signed_in()

    page = await browser.change("ramp", percent=typed)

    assert "Not done: " in page.text
    assert 2 == house.services.feed.environments["production"].head.version


async def test_another_variant_can_be_ramped(house: House) -> None:
    """The form of a flag with more than two variants names one."""
    browser = await house.signed_in()

    page = await browser.change("ramp", "theme", percent="10", variant="contrast")

    assert "Set contrast to 10 % (v 3)." in page.text


async def test_notes_are_told(house: House) -> None:
    """A ramp of a flag that is off has no effect yet, and one hears so."""
    browser = await house.signed_in()
    await browser.change("off")

    page = await browser.change("ramp", percent="50")

    assert "Note: without effect while the flag is off" in page.text


async def test_what_is_so_already_is_no_change(house: House) -> None:
    """No entry in the history for a click too many."""
    browser = await house.signed_in()

    page = await browser.change("on")

    assert "it is so already, nothing was changed" in page.text
    assert 2 == house.services.feed.environments["production"].head.version


@pytest.mark.parametrize("command", ["on", "off", "ramp", "undo"])
async def test_acting_on_an_old_picture_is_refused(house: House, command: str) -> None:
    """Somebody has killed it since the page was made: the form was meant for what stood there."""
    browser = await house.signed_in()
    state = house.services.feed.environments["production"].state
    seen = digest(state.flags["new-checkout"].document)
    await house.services.writer.submit(SetState("new-checkout", "kill"), "production", "on-call")

    page = await browser.change(command, seen=seen, percent="50")

    assert "Not done: the flag has changed since this page was made." in page.text
    assert "KILLED" == house.effective("new-checkout")


async def test_a_kill_passes_however_old_the_picture_is(house: House) -> None:
    """The emergency does not wait for a fresh page."""
    browser = await house.signed_in()

    await browser.change("kill", seen="sha256:" + "0" * 64)

    assert "KILLED" == house.effective("new-checkout")


async def test_a_viewer_changes_nothing(house: House) -> None:
    """Whatever form is sent."""
    browser = await house.signed_in("viewer")
    for command in ("on", "off", "kill", "ramp", "undo"):
        page = await browser.change(command, percent="50")
        assert "the role viewer may look" in page.text

    assert 2 == house.services.feed.environments["production"].head.version


async def test_a_token_of_another_environment_changes_nothing(house: House) -> None:
    """And is not told whether there is such a flag."""
    browser = await house.signed_in("staging-only")
    csrf = await browser.secret("/env/staging")

    form = {"csrf": csrf, "command": "kill", "key": "new-checkout"}
    await browser.post("/env/production/changes", form)

    assert "ON for 5 %" == house.effective("new-checkout")


@pytest.mark.parametrize(
    ("csrf", "headers"),
    [
        pytest.param("", None, id="no secret"),
        pytest.param("guessed", None, id="wrong secret"),
        pytest.param(None, {"sec-fetch-site": "cross-site"}, id="another site"),
        pytest.param(None, {"origin": "http://evil.test"}, id="another origin"),
    ],
)
async def test_a_forged_kill_does_nothing(
    house: House, csrf: str | None, headers: dict[str, str] | None
) -> None:
    """Each fence holds by itself."""
    browser = await house.signed_in("admin")
    given = await browser.secret("/env/production") if csrf is None else csrf
    form = {"csrf": given, "command": "kill", "key": "new-checkout"}

    answer = await browser.post("/env/production/changes", form, headers)

    assert 403 == answer.status_code
    assert "ON for 5 %" == house.effective("new-checkout")


@pytest.mark.parametrize(
    "form",
    [
        {"command": "kill", "key": "no-such-flag"},
        {"command": "explode", "key": "new-checkout"},
        {"key": "new-checkout"},
        {},
    ],
)
async def test_nonsense_is_answered_in_words(house: House, form: dict[str, str]) -> None:
    """Never with an error page, never with a change."""
    browser = await house.signed_in()
    csrf = await browser.secret("/env/production")

    answer = await browser.post("/env/production/changes", {"csrf": csrf, **form})
    page = await browser.get(answer.headers["location"])

    assert 200 == page.status_code
    assert "Not done: " in page.text
    assert 2 == house.services.feed.environments["production"].head.version


async def test_a_form_that_is_too_large_is_not_read(house: House) -> None:
    """Memory is not for whoever sends the most."""
    browser = await house.signed_in()
    csrf = await browser.secret("/env/production")
    form = {"csrf": csrf, "command": "kill", "key": "new-checkout", "reason": "x" * 100_000}

    answer = await browser.post("/env/production/changes", form)

    assert 413 == answer.status_code
    assert "ON for 5 %" == house.effective("new-checkout")


async def test_the_store_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person hears at once that nothing was changed."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("nobody answers")

    browser = await house.signed_in()
    monkeypatch.setattr(house.services.store, "append", away)

    page = await browser.change("kill")

    assert "Not done, nothing was changed: nobody answers." in page.text
    assert "ON for 5 %" == house.effective("new-checkout")
