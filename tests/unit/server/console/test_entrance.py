"""The way in and out, and the fences around it."""

from __future__ import annotations

import pytest
from tests.unit.server.console.conftest import House


async def test_a_stranger_is_led_to_the_form_and_back(house: House) -> None:
    """The page that was asked for is shown after signing in."""
    browser = house.browser()
    asked = await browser.get("/env/production?q=theme")
    assert (303, "/sign-in?after=%2Fenv%2Fproduction%3Fq%3Dtheme") == (
        asked.status_code,
        asked.headers["location"],
    )

    answer = await browser.sign_in(house.tokens["viewer"][1], after="/env/production?q=theme")

    assert "/env/production?q=theme" == answer.headers["location"]
    assert "1 flag of 3" in (await browser.get(answer.headers["location"])).text


@pytest.mark.parametrize("role", ["admin", "editor", "operator", "viewer"])
async def test_people_may_come_in(house: House, role: str) -> None:
    """Every role that may read."""
    browser = await house.signed_in(role)

    assert 200 == (await browser.get("/env/production")).status_code


@pytest.mark.parametrize("role", ["sdk", "client"])
async def test_programs_tokens_stay_outside(house: House, role: str) -> None:
    """A token of an application opens no page, and the form says which would."""
    answer = await house.browser().sign_in(house.tokens[role][1])

    assert 403 == answer.status_code
    assert f"This is a token of the role {role}, for programs." in answer.text
    assert "set-cookie" not in answer.headers or "session" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "wrong", "fh_admin_aaaaaaaaaaaa_" + "x" * 43, "\ud800"])
async def test_a_wrong_token_is_answered_with_the_form(house: House, token: str) -> None:
    """And with a sentence on what may be the matter."""
    answer = await house.browser().sign_in(token.encode("utf-8", "replace").decode())

    assert 403 == answer.status_code
    assert "This token is not valid" in answer.text


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    house: House, scheme: str
) -> None:
    """HttpOnly and SameSite=Strict always; Secure and bound to the host under TLS."""
    browser = house.browser(scheme)

    cookie = (await browser.sign_in(house.tokens["viewer"][1])).headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert (scheme == "https") == ("secure" in cookie)
    assert (scheme == "https") == cookie.startswith("__host-")


async def test_signing_in_gives_a_new_session(house: House) -> None:
    """A session cookie that was planted, or of before, is worth nothing afterwards."""
    browser = await house.signed_in("viewer")
    before = browser.client.cookies["flaghoist-session"]

    csrf = await browser.secret("/env/production")
    await browser.post("/sign-in", {"csrf": csrf, "token": house.tokens["admin"][1]})

    after = browser.client.cookies["flaghoist-session"]
    assert before != after
    old = house.browser()
    old.client.cookies.set("flaghoist-session", before)
    assert 303 == (await old.get("/env/production")).status_code


async def test_signing_out_ends_the_session(house: House) -> None:
    """Also for a copy of the cookie."""
    browser = await house.signed_in("viewer")
    cookie = browser.client.cookies["flaghoist-session"]
    csrf = await browser.secret("/env/production")

    await browser.post("/sign-out", {"csrf": csrf})

    thief = house.browser()
    thief.client.cookies.set("flaghoist-session", cookie)
    assert 303 == (await thief.get("/env/production")).status_code


async def test_a_revoked_token_is_out_at_once(house: House) -> None:
    """A session holds on only as long as its token."""
    browser = await house.signed_in("operator")

    await house.services.tokens.revoke(house.tokens["operator"][0])

    assert 303 == (await browser.get("/env/production")).status_code


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/theme"])
@pytest.mark.parametrize(
    ("csrf", "headers"),
    [
        pytest.param("", None, id="no secret"),
        pytest.param("guessed", None, id="wrong secret"),
        pytest.param(None, {"sec-fetch-site": "cross-site"}, id="another site"),
        pytest.param(None, {"sec-fetch-site": "same-site"}, id="another host of this site"),
        pytest.param(None, {"origin": "https://evil.test"}, id="another origin"),
        pytest.param(None, {"origin": "null"}, id="hidden origin"),
    ],
)
async def test_forged_forms_do_nothing(
    house: House, path: str, csrf: str | None, headers: dict[str, str] | None
) -> None:
    """Each fence holds by itself."""
    browser = await house.signed_in("viewer")
    given = await browser.secret("/env/production") if csrf is None else csrf
    form = {"csrf": given, "token": house.tokens["admin"][1], "theme": "dark"}

    answer = await browser.post(path, form, headers)

    assert 403 == answer.status_code
    assert "Nothing was changed" in answer.text
    assert 200 == (await browser.get("/env/production")).status_code


@pytest.mark.parametrize(
    "after", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:x", "/\r\nx: y"]
)
async def test_nobody_is_sent_elsewhere(house: House, after: str) -> None:
    """The page after signing in is one of ours."""
    answer = await house.browser().sign_in(house.tokens["viewer"][1], after=after)

    assert "/" == answer.headers["location"]


async def test_the_theme_is_in_the_page_that_the_server_sends(house: House) -> None:
    """No flash: the chosen colours are there before any script."""
    browser = await house.signed_in("viewer")
    assert '<html lang="en" data-theme="system">' in (await browser.get("/env/production")).text
    csrf = await browser.secret("/env/production")

    answer = await browser.post("/theme", {"csrf": csrf, "theme": "dark", "back": "/env/staging"})

    assert "/env/staging" == answer.headers["location"]
    assert '<html lang="en" data-theme="dark">' in (await browser.get("/env/staging")).text


async def test_no_log_and_no_page_has_a_token(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What was typed into the form is not repeated anywhere."""
    secret = house.tokens["sdk"][1]

    answer = await house.browser().sign_in(secret)

    assert secret not in answer.text
    assert secret not in caplog.text
