"""Somebody at a browser: what they do, what they see, and what the browser complains of."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect
from tests.e2e.console.house import Place

__all__ = ["TELL_VIOLATIONS", "Person"]

TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error("policy", event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber));
"""
_HTTP_STATUS = "Failed to load resource"
"""Chromium's note that an answer was 403 or 404, or that the server is away: no complaint of ours."""


class Person:
    """`complaints` holds what the browser wrote to its console: broken policy, failed scripts."""

    def __init__(self, context: BrowserContext, page: Page, place: Place) -> None:
        self.context = context
        self.page = page
        self.place = place
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @classmethod
    async def at(cls, browser: Browser, place: Place, **options: Any) -> Person:
        """A person with a browser of their own."""
        context = await browser.new_context(base_url=place.site.url, **options)
        await context.add_init_script(TELL_VIOLATIONS)
        context.set_default_timeout(15_000)
        return cls(context, await context.new_page(), place)

    async def sign_in(self, role: str = "operator") -> None:
        token = await self.place.token(role)
        await self.page.goto("/")
        await self.page.get_by_label("Token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("heading", name="Flags", exact=True)).to_be_visible()

    async def open(self, key: str = "new-checkout") -> None:
        await self.page.get_by_role("link", name=key, exact=True).click()
        await expect(self.page.locator("#now")).to_be_visible()

    def row(self, key: str) -> Locator:
        """A flag in the list."""
        link = self.page.get_by_role("link", name=key, exact=True)
        return self.page.get_by_role("listitem").filter(has=link)

    @property
    def state(self) -> Locator:
        """The state of the open flag, in words."""
        return self.page.locator("#now .chip")

    @property
    def receipt(self) -> Locator:
        return self.page.locator("#receipt-text")

    @property
    def message(self) -> Locator:
        return self.page.locator("#message")

    @property
    def sheet(self) -> Locator:
        """The one question before a kill or an undo."""
        return self.page.get_by_role("dialog", name="Confirm")

    async def sees_applied(self) -> None:
        """Every SDK has what the page shows."""
        number = len(self.place.clients)
        words = re.compile(rf"{number} of {number} SDKs have applied v [\d,]+ · slowest \d+ ms")
        await expect(self.receipt).to_contain_text(words)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_HTTP_STATUS):
            self.complaints.append(message.text)
